import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import type { Template } from "@/api/types";
import { loadDraft, storeDraft } from "@/features/compose/draft";
import { useMe } from "@/features/session/queries";
import { useTemplate } from "@/features/templates/queries";
import { TemplateActions } from "@/features/templates/template-actions";
import { TemplateEditor } from "@/features/templates/template-editor";
import { TemplateList } from "@/features/templates/template-list";
import { browserZone } from "@/lib/time";
import { BackLink } from "@/ui/back-link";
import { buttonClasses } from "@/ui/button";
import { Card, Page } from "@/ui/page";
import { ErrorState, Skeleton } from "@/ui/states";

const list = getRouteApi("/app/templates");
const detail = getRouteApi("/app/templates/$id");

function useMayChange(): boolean {
  const me = useMe();
  return me.data !== undefined && me.data.role !== "viewer";
}

export function TemplatesPage() {
  const cursor = list.useSearch();
  const mayChange = useMayChange();
  return (
    <Page
      title="Templates"
      actions={
        mayChange && (
          <Link to="/templates/new" className={buttonClasses({ variant: "primary" })}>
            <Plus className="size-4" aria-hidden />
            New template
          </Link>
        )
      }
    >
      <Card>
        <TemplateList cursor={cursor} mayChange={mayChange} />
      </Card>
    </Page>
  );
}

export function NewTemplatePage() {
  const navigate = useNavigate();
  const mayChange = useMayChange();
  return (
    <TemplateEditor
      template={null}
      mayChange={mayChange}
      back={<BackLink to="/templates" label="Templates" />}
      onSaved={({ id }) =>
        navigate({ to: "/templates/$id", params: { id }, replace: true, ignoreBlocker: true })
      }
    />
  );
}

export function TemplatePage() {
  const { id } = detail.useParams();
  const navigate = useNavigate();
  const template = useTemplate(id);
  const mayChange = useMayChange();
  if (template.isPending) {
    return (
      <Page title="Template">
        <Skeleton className="h-64 w-full" />
      </Page>
    );
  }
  if (template.isError) {
    return (
      <ErrorState
        title="The template could not be read"
        error={template.error}
        onRetry={() => template.refetch()}
      />
    );
  }
  return (
    <TemplateEditor
      key={id}
      template={template.data}
      mayChange={mayChange}
      back={<BackLink to="/templates" label="Templates" />}
      actions={
        mayChange && (
          <TemplateActions
            template={template.data}
            onUse={() => {
              fillCompose(template.data);
              navigate({ to: "/compose" });
            }}
            onCopied={(copy) => navigate({ to: "/templates/$id", params: { id: copy.id } })}
            onDeleted={() => navigate({ to: "/templates", ignoreBlocker: true })}
          />
        )
      }
      onSaved={() => undefined}
    />
  );
}

/** Puts its words into the draft of Compose; what else stands there stays. */
function fillCompose({ subject, html, text }: Template): void {
  const draft = loadDraft(browserZone());
  storeDraft({
    ...draft,
    subject: subject ?? draft.subject,
    html: html ?? "",
    text: text ?? "",
    format: html ? "html" : "text",
  });
}
