import type { TemplatePreview as Preview, TemplateVariable } from "@/api/types";
import { classes } from "@/lib/classes";
import { Field, Input } from "@/ui/field";
import { HtmlFrame } from "@/ui/html-frame";
import { Card, CardHeader } from "@/ui/page";
import type { Format } from "./template-fields";

interface PreviewProps {
  preview: Preview | undefined;
  format: Format;
  /** The words as they are now cannot be read: what is shown is older. */
  stale: boolean;
}

export function TemplatePreview({ preview, format, stale }: PreviewProps) {
  const said = preview?.[format] ?? preview?.html ?? preview?.text ?? null;
  const isHtml = said !== null && said === preview?.html;
  return (
    <Card>
      <CardHeader title="Preview">
        {stale && <span className="text-faint text-xs">as it was before the problem</span>}
      </CardHeader>
      <div className={classes("transition-opacity", stale && "opacity-60")}>
        {said === null ? (
          <p className="px-4 py-10 text-center text-faint">
            What you write shows here as a recipient gets it.
          </p>
        ) : (
          <>
            <p className="break-words border-line border-b px-4 py-2.5 font-medium">
              {preview?.subject ?? (
                <span className="font-normal text-faint">No subject: each message gives its own</span>
              )}
            </p>
            {isHtml ? (
              <HtmlFrame title="Preview of the template" html={said} />
            ) : (
              <pre className="max-h-[60vh] overflow-auto whitespace-pre-wrap break-words p-4 font-sans leading-relaxed">
                {said}
              </pre>
            )}
          </>
        )}
      </div>
    </Card>
  );
}

interface VariablesProps {
  variables: readonly TemplateVariable[];
  values: Readonly<Record<string, string>>;
  onValue: (key: string, value: string) => void;
}

/** What the words use, each with a value to try out. */
export function TemplateVariables({ variables, values, onValue }: VariablesProps) {
  if (variables.length === 0) return null;
  return (
    <Card>
      <CardHeader title="Variables">
        <span className="text-faint text-xs">try out values</span>
      </CardHeader>
      <div className="space-y-3 p-4">
        {variables.map((each) => (
          <Field
            key={each.key}
            label={<code className="font-mono text-xs">{each.key}</code>}
            aside={<span className="text-faint text-xs">{aboutOf(each)}</span>}
          >
            {(ids) => (
              <Input
                {...ids}
                inputMode={each.type === "number" ? "decimal" : undefined}
                autoComplete="off"
                placeholder={each.fallback_value === null ? `[${each.key}]` : String(each.fallback_value)}
                value={values[each.key] ?? ""}
                onChange={(event) => onValue(each.key, event.target.value)}
              />
            )}
          </Field>
        ))}
      </div>
    </Card>
  );
}

function aboutOf(variable: TemplateVariable): string {
  if (variable.key === "email" || variable.key === "name") return "the recipient's";
  if (variable.required) return "every message must give it";
  return "may be absent";
}
