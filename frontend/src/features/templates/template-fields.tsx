import { useRef } from "react";
import { Button } from "@/ui/button";
import { Field, Input, Textarea } from "@/ui/field";
import { Segmented } from "@/ui/segmented";
import { type Draft, lineOf, spanOf } from "./draft";

export type Problems = Readonly<Partial<Record<keyof Draft, string>>>;
export type Format = "html" | "text";

interface TemplateFieldsProps {
  draft: Draft;
  problems: Problems;
  format: Format;
  disabled: boolean;
  onFormat: (format: Format) => void;
  change: (patch: Partial<Draft>) => void;
}

export function TemplateFields({ draft, problems, format, disabled, onFormat, change }: TemplateFieldsProps) {
  const area = useRef<HTMLTextAreaElement>(null);
  const line = lineOf(problems[format]);
  const isMade = format === "text" && draft.text.trim() === "" && draft.html.trim() !== "";
  const elsewhere: Format = format === "html" ? "text" : "html";
  function goTo(target: number) {
    const [start, end] = spanOf(draft[format], target);
    area.current?.focus();
    area.current?.setSelectionRange(start, end);
  }
  return (
    <div className="space-y-4">
      <div className="grid gap-4 sm:grid-cols-[minmax(0,1fr)_14rem]">
        <Field label="Name" error={problems.name}>
          {(ids) => (
            <Input
              {...ids}
              maxLength={100}
              autoComplete="off"
              disabled={disabled}
              value={draft.name}
              onChange={(event) => change({ name: event.target.value })}
            />
          )}
        </Field>
        <Field label="Alias" hint="Optional: another name for programs" error={problems.alias}>
          {(ids) => (
            <Input
              {...ids}
              maxLength={64}
              autoComplete="off"
              spellCheck={false}
              className="font-mono text-[0.8125rem]!"
              disabled={disabled}
              value={draft.alias}
              onChange={(event) => change({ alias: event.target.value })}
            />
          )}
        </Field>
      </div>
      <Field label="Subject" error={problems.subject}>
        {(ids) => (
          <Input
            {...ids}
            autoComplete="off"
            placeholder="Welcome, {{ first_name }}"
            disabled={disabled}
            value={draft.subject}
            onChange={(event) => change({ subject: event.target.value })}
          />
        )}
      </Field>
      <Field
        label="Message"
        error={problems[format]}
        hint={
          isMade ? (
            "A text version is made from your HTML: the preview shows it. What you write here is sent instead."
          ) : (
            <>
              <code>{"{{ first_name }}"}</code> is filled in, <code>{'{{ city | default("there") }}'}</code>{" "}
              may be absent, <code>{'{% if plan == "pro" %}…{% endif %}'}</code> is a choice.
            </>
          )
        }
        aside={
          <Segmented
            label="Format"
            size="sm"
            value={format}
            options={[
              { value: "html", label: "HTML" },
              { value: "text", label: "Plain text" },
            ]}
            onChange={onFormat}
          />
        }
      >
        {(ids) => (
          <Textarea
            {...ids}
            key={format}
            ref={area}
            rows={18}
            spellCheck={format === "text"}
            className="font-mono text-[0.8125rem]!"
            placeholder={format === "html" ? "<p>Hi {{ first_name }}</p>" : "Hi {{ first_name }}"}
            disabled={disabled}
            value={draft[format]}
            onChange={(event) => change({ [format]: event.target.value })}
          />
        )}
      </Field>
      {(line !== null || problems[elsewhere]) && (
        <div className="flex flex-wrap gap-2">
          {line !== null && (
            <Button size="sm" onClick={() => goTo(line)}>
              Go to line {line}
            </Button>
          )}
          {problems[elsewhere] && (
            <Button size="sm" onClick={() => onFormat(elsewhere)}>
              {elsewhere === "html" ? "The HTML" : "The plain text"} has a problem too
            </Button>
          )}
        </div>
      )}
    </div>
  );
}
