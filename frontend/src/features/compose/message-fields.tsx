import { useRef, useState } from "react";
import { Button } from "@/ui/button";
import { Field, Input, Textarea } from "@/ui/field";
import { HtmlFrame } from "@/ui/html-frame";
import { Segmented } from "@/ui/segmented";
import type { Draft, Problems } from "./draft";

interface MessageFieldsProps {
  draft: Draft;
  problems: Problems;
  change: (patch: Partial<Draft>) => void;
  /** Names that the list of recipients brings, for `{{ name }}` in the message. */
  columns: readonly string[];
}

const MAX_COLUMNS = 12;

type View = "text" | "html" | "preview";

export function MessageFields({ draft, problems, change, columns }: MessageFieldsProps) {
  const [previewing, setPreviewing] = useState(false);
  const body = useRef<HTMLTextAreaElement>(null);
  const shown: View = draft.format === "html" && previewing ? "preview" : draft.format;
  function insert(column: string) {
    const area = body.current;
    const text = draft[draft.format];
    const at = area?.selectionStart ?? text.length;
    const tag = `{{ ${column} }}`;
    change({ [draft.format]: text.slice(0, at) + tag + text.slice(area?.selectionEnd ?? at) });
    window.requestAnimationFrame(() => {
      area?.focus();
      area?.setSelectionRange(at + tag.length, at + tag.length);
    });
  }
  function show(view: View) {
    setPreviewing(view === "preview");
    if (view !== "preview") change({ format: view });
    else change({ format: "html" });
  }
  return (
    <div className="space-y-4">
      <Field label="Subject" error={problems.subject}>
        {(ids) => (
          <Input
            {...ids}
            maxLength={998}
            autoComplete="off"
            value={draft.subject}
            onChange={(event) => change({ subject: event.target.value })}
          />
        )}
      </Field>
      <Field
        label="Message"
        error={problems[draft.format]}
        hint={
          draft.format === "html" && draft.html.trim()
            ? "A text version is made from your HTML and sent with it: Preview below shows both."
            : undefined
        }
        aside={
          <Segmented
            label="Format"
            size="sm"
            value={shown}
            options={[
              { value: "text", label: "Plain text" },
              { value: "html", label: "HTML" },
              ...(draft.html.trim() ? [{ value: "preview" as const, label: "Preview" }] : []),
            ]}
            onChange={show}
          />
        }
      >
        {(ids) =>
          shown === "preview" ? (
            <div className="overflow-hidden rounded-md border border-line">
              <HtmlFrame title="Preview of the message" html={draft.html} />
            </div>
          ) : (
            <Textarea
              {...ids}
              ref={body}
              rows={12}
              spellCheck={shown === "text"}
              className={shown === "html" ? "font-mono text-[0.8125rem]!" : ""}
              placeholder={shown === "html" ? "<p>Hello</p>" : "Hello,"}
              value={draft[shown]}
              onChange={(event) => change({ [shown]: event.target.value })}
            />
          )
        }
      </Field>
      {columns.length > 0 && shown !== "preview" && (
        <p className="flex flex-wrap items-center gap-1.5 text-[0.8125rem] text-faint">
          <span className="mr-1">Insert from the list</span>
          {columns.slice(0, MAX_COLUMNS).map((column) => (
            <Button key={column} size="sm" className="font-mono text-xs!" onClick={() => insert(column)}>
              {column}
            </Button>
          ))}
        </p>
      )}
    </div>
  );
}
