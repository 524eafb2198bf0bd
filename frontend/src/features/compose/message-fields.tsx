import { useState } from "react";
import { Field, Input, Textarea } from "@/ui/field";
import { HtmlFrame } from "@/ui/html-frame";
import { Segmented } from "@/ui/segmented";
import type { Draft, Problems } from "./draft";

interface MessageFieldsProps {
  draft: Draft;
  problems: Problems;
  change: (patch: Partial<Draft>) => void;
}

type View = "text" | "html" | "preview";

export function MessageFields({ draft, problems, change }: MessageFieldsProps) {
  const [previewing, setPreviewing] = useState(false);
  const shown: View = draft.format === "html" && previewing ? "preview" : draft.format;
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
    </div>
  );
}
