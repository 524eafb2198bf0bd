import { type FormEvent, useState } from "react";
import { ApiError } from "@/api/client";
import type { EmailChange, EmailDetail, LatePolicy } from "@/api/types";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Field, Input, Textarea } from "@/ui/field";
import { LateSelect } from "@/ui/late-select";
import { Segmented } from "@/ui/segmented";
import { toast } from "@/ui/toast";
import { useChangeEmail } from "./queries";

interface Fields {
  subject: string;
  text: string;
  html: string;
  late: LatePolicy;
}

const PARTS = [
  { value: "text", label: "Plain text" },
  { value: "html", label: "HTML" },
] as const;

/** Changes what a waiting message says. An emptied part is left out of it. */
export function EditEmail({ email, onClose }: { email: EmailDetail; onClose: () => void }) {
  const [before] = useState<Fields>(() => fieldsOf(email));
  const [fields, setFields] = useState<Fields>(before);
  const [part, setPart] = useState<"text" | "html">(email.html === null ? "text" : "html");
  const save = useChangeEmail(email.id);
  const wanted = changeOf(before, fields);
  const unchanged = Object.keys(wanted).length === 0;
  const change = (patch: Partial<Fields>) => setFields((old) => ({ ...old, ...patch }));

  function errorAt(...paths: string[]): string | undefined {
    const refused = save.error instanceof ApiError ? save.error.errors : [];
    return refused.find(({ path }) => paths.includes(path))?.message;
  }
  function submit(event: FormEvent) {
    event.preventDefault();
    if (unchanged) return;
    save.mutate(wanted, {
      onSuccess: () => {
        toast.done("Changed", "It goes as it reads now.");
        onClose();
      },
      onError: (error) => toast.error("Could not change it", error),
    });
  }
  return (
    <Dialog title="Edit the message" size="lg" onClose={onClose}>
      <form noValidate onSubmit={submit} className="space-y-4">
        <Field label="Subject" error={errorAt("subject")}>
          {(ids) => (
            <Input
              {...ids}
              maxLength={998}
              autoComplete="off"
              value={fields.subject}
              onChange={(event) => change({ subject: event.target.value })}
            />
          )}
        </Field>
        <Field
          label="Message"
          error={errorAt("text", "html")}
          hint="What both parts say is sent together; the reader's program shows one."
          aside={<Segmented label="Part" size="sm" value={part} options={PARTS} onChange={setPart} />}
        >
          {(ids) => (
            <Textarea
              {...ids}
              rows={12}
              spellCheck={part === "text"}
              className={part === "html" ? "font-mono text-[0.8125rem]!" : ""}
              value={fields[part]}
              onChange={(event) => change({ [part]: event.target.value })}
            />
          )}
        </Field>
        <LateSelect
          value={fields.late}
          error={errorAt("late_policy")}
          onChange={(late) => change({ late })}
        />
        <div className="flex justify-end gap-2 border-line border-t pt-4">
          <Button onClick={onClose}>Close</Button>
          <Button
            type="submit"
            variant="primary"
            busy={save.isPending}
            rests={unchanged ? "Nothing is changed yet." : null}
          >
            Save
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function fieldsOf(email: EmailDetail): Fields {
  return {
    subject: email.subject,
    text: email.text ?? "",
    html: email.html ?? "",
    late: email.late_policy,
  };
}

/** Only what differs: another person may have changed the rest meanwhile. */
function changeOf(before: Fields, fields: Fields): EmailChange {
  const change: EmailChange = {};
  if (fields.subject !== before.subject) change.subject = fields.subject;
  // An empty text is none; without one (null) it would be made of the HTML.
  if (fields.text !== before.text) change.text = fields.text.trim() || !fields.html.trim() ? fields.text : "";
  if (fields.html !== before.html) change.html = fields.html.trim() ? fields.html : null;
  if (fields.late !== before.late) change.late_policy = fields.late;
  return change;
}
