import { useBlocker } from "@tanstack/react-router";
import { CircleDot } from "lucide-react";
import {
  type FormEvent,
  type KeyboardEvent,
  type ReactNode,
  useDeferredValue,
  useEffect,
  useState,
} from "react";
import { ApiError } from "@/api/client";
import type { TemplatePreview as Preview, Template, TemplateVariable } from "@/api/types";
import { readNumber } from "@/lib/numbers";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Card, Page } from "@/ui/page";
import { toast } from "@/ui/toast";
import { type Draft, draftOf, isSame, NEW } from "./draft";
import { usePreview, useSaveTemplate } from "./queries";
import { type Format, type Problems, TemplateFields } from "./template-fields";
import { TemplatePreview, TemplateVariables } from "./template-preview";
import { TemplateVersions } from "./template-versions";

interface TemplateEditorProps {
  /** Null: a new one. */
  template: Template | null;
  mayChange: boolean;
  back: ReactNode;
  /** Further things to do with a template that is saved. */
  actions?: ReactNode;
  onSaved: (template: Template) => void;
}

const TYPING_MS = 300;

export function TemplateEditor({ template, mayChange, back, actions, onSaved }: TemplateEditorProps) {
  const saved = template ? draftOf(template) : NEW;
  const [draft, setDraft] = useState<Draft>(saved);
  const [format, setFormat] = useState<Format>(template && !template.html ? "text" : "html");
  const [values, setValues] = useState<Readonly<Record<string, string>>>({});
  const [tried, setTried] = useState(false);
  const save = useSaveTemplate(template?.id ?? null);
  const settled = useSettled(useDeferredValue(draft), TYPING_MS);
  // What was last readable stays in view while the words are not.
  const [shown, setShown] = useState<Preview>();
  const variables = shown?.variables ?? template?.variables ?? [];
  const preview = usePreview(settled, typedValues(values, variables));
  if (preview.data && preview.data !== shown) setShown(preview.data);
  const dirty = !isSame(draft, saved);
  useBlocker({
    shouldBlockFn: () => dirty && !window.confirm("Leave without saving the template?"),
    enableBeforeUnload: dirty,
  });

  const problems: Problems = {
    ...problemsOf(preview.error),
    ...(tried ? { ...missingOf(draft), ...problemsOf(save.error) } : {}),
  };
  const change = (patch: Partial<Draft>) => {
    setDraft((old) => ({ ...old, ...patch }));
    if (save.isError) save.reset();
  };

  function submit(event: FormEvent) {
    event.preventDefault();
    setTried(true);
    if (save.isPending || Object.keys(missingOf(draft)).length > 0) return;
    save.mutate(draft, {
      onSuccess: (made) => {
        toast.done("Saved", `Version ${made.version} is what messages use from now on.`);
        setDraft(draftOf(made));
        onSaved(made);
      },
      onError: (error) => toast.error("Could not save the template", error),
    });
  }
  function onKeyDown(event: KeyboardEvent<HTMLFormElement>) {
    if ((event.ctrlKey || event.metaKey) && (event.key === "s" || event.key === "Enter")) {
      event.preventDefault();
      event.currentTarget.requestSubmit();
    }
  }
  return (
    <form noValidate onSubmit={submit} onKeyDown={onKeyDown}>
      <Page
        title={template?.name ?? "New template"}
        back={back}
        beside={dirty && <Badge label="Not saved" tone="warn" icon={CircleDot} />}
        actions={
          <>
            {actions}
            <Button type="submit" variant="primary" busy={save.isPending} disabled={!mayChange || !dirty}>
              Save
            </Button>
          </>
        }
      >
        <div className="grid gap-4 lg:grid-cols-2 lg:items-start">
          <div className="min-w-0 space-y-4">
            <Card className="p-4">
              <TemplateFields
                draft={draft}
                problems={problems}
                format={format}
                disabled={!mayChange}
                onFormat={setFormat}
                change={change}
              />
            </Card>
            <TemplateVariables
              variables={variables}
              values={values}
              onValue={(key, value) => setValues((old) => ({ ...old, [key]: value }))}
            />
          </div>
          <div className="min-w-0 space-y-4">
            <TemplatePreview preview={shown} format={format} stale={preview.isError} />
            {template && (
              <TemplateVersions
                id={template.id}
                mayChange={mayChange}
                onTake={(words, version) => {
                  change(words);
                  toast.done(`Version ${version} is in the editor`, "Save it to have messages use it again.");
                }}
              />
            )}
          </div>
        </div>
      </Page>
    </form>
  );
}

/** The value once it has not changed for a while. */
function useSettled<T>(value: T, milliseconds: number): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = window.setTimeout(() => setSettled(value), milliseconds);
    return () => window.clearTimeout(timer);
  }, [value, milliseconds]);
  return settled;
}

/** What is filled in, as the API takes it: numbers where one was declared. */
function typedValues(values: Readonly<Record<string, string>>, variables: readonly TemplateVariable[]) {
  const given: Record<string, string | number> = {};
  for (const { key, type } of variables) {
    const text = values[key];
    if (!text) continue;
    const number = type === "number" ? readNumber(text) : null;
    if (type === "string") given[key] = text;
    else if (number !== null && !Number.isNaN(number)) given[key] = number;
  }
  return given;
}

function missingOf(draft: Draft): Problems {
  return {
    ...(draft.name.trim() === "" ? { name: "Give the template a name." } : {}),
    ...(draft.html.trim() === "" && draft.text.trim() === ""
      ? { html: "Write the message, as HTML or text." }
      : {}),
  };
}

function problemsOf(error: Error | null): Problems {
  if (!(error instanceof ApiError)) return {};
  const fields: readonly (keyof Draft)[] = ["name", "alias", "subject", "html", "text"];
  const found: Partial<Record<keyof Draft, string>> = {};
  for (const { path, message } of error.errors) {
    const field = fields.find((each) => each === path);
    if (field) found[field] ??= message;
  }
  return found;
}
