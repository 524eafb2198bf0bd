import { Link } from "@tanstack/react-router";
import { LayoutTemplate } from "lucide-react";
import type { TemplateItem } from "@/api/types";
import { buttonClasses } from "@/ui/button";
import { type Cursor, Pager } from "@/ui/pager";
import { Empty, ErrorState } from "@/ui/states";
import { type Column, Table } from "@/ui/table";
import { Time } from "@/ui/time";
import { useTemplates } from "./queries";

const COLUMNS: readonly Column<TemplateItem>[] = [
  {
    header: "Template",
    card: "title",
    className: "md:w-[30%]",
    cell: (template) => (
      <span className="block truncate font-medium">
        {template.name}
        {template.alias && (
          <span className="block truncate font-mono font-normal text-faint text-xs">{template.alias}</span>
        )}
      </span>
    ),
  },
  {
    header: "Subject",
    cell: (template) => (
      <span className="block truncate text-[0.8125rem] text-soft">
        {template.subject ?? "Each message gives its own"}
      </span>
    ),
  },
  {
    header: "Version",
    card: "corner",
    className: "md:w-24",
    cellClass: "text-[0.8125rem] text-soft tabular-nums",
    cell: (template) => <>v{template.version}</>,
  },
  {
    header: "Saved",
    className: "md:w-40",
    cellClass: "text-[0.8125rem] text-soft",
    cell: (template) => <Time at={template.published_at} />,
  },
];

export function TemplateList({ cursor, mayChange }: { cursor: Cursor; mayChange: boolean }) {
  const templates = useTemplates(cursor);
  if (templates.isError && !templates.data) {
    return (
      <ErrorState
        title="The templates could not be read"
        error={templates.error}
        onRetry={() => templates.refetch()}
      />
    );
  }
  if (templates.data?.data.length === 0) {
    return (
      <Empty
        icon={LayoutTemplate}
        title="No templates yet"
        action={
          mayChange && (
            <Link to="/templates/new" className={buttonClasses({ variant: "primary" })}>
              New template
            </Link>
          )
        }
      >
        A template is a subject and a message with names to fill in, such as {"{{ first_name }}"}. Programs
        send by it, and Compose can start from it.
      </Empty>
    );
  }
  return (
    <>
      <Table
        label="Templates"
        columns={COLUMNS}
        rows={templates.data?.data}
        rowKey={(template) => template.id}
        link={(template) => ({ to: "/templates/$id", params: { id: template.id } })}
        linkLabel={(template) => template.name}
        dimmed={templates.isPlaceholderData}
      />
      {templates.data && (
        <Pager
          cursor={cursor}
          hasMore={templates.data.has_more}
          rows={templates.data.data}
          label="templates"
        />
      )}
    </>
  );
}
