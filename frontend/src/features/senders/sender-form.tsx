import { type FormEvent, useState } from "react";
import { ApiError } from "@/api/client";
import type { Sender } from "@/api/types";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Field, Input } from "@/ui/field";
import { toast } from "@/ui/toast";
import { emptyForm, formOf, inputOf, type SenderFields } from "./form-state";
import { PhaseList } from "./phase-list";
import { useSaveSender, useVerifyNewSender } from "./queries";
import { HourFields } from "./sender-hours";
import { LimitFields } from "./sender-limits";
import { ServerFields } from "./sender-server";

interface SenderFormProps {
  sender: Sender | null; // null: a new one
  zone: string; // of a window that has none yet
  onClose: () => void;
  onSaved: (sender: Sender) => void;
}

export interface SectionProps {
  fields: SenderFields;
  change: (patch: Partial<SenderFields>) => void;
  errorAt: (path: string) => string | undefined;
}

export function SenderForm({ sender, zone, onClose, onSaved }: SenderFormProps) {
  const [fields, setFields] = useState<SenderFields>(() => (sender ? formOf(sender, zone) : emptyForm(zone)));
  const save = useSaveSender(sender?.id ?? null);
  const test = useVerifyNewSender();
  const { input, problems } = inputOf(fields, sender !== null);
  const [tried, setTried] = useState(false);

  function errorAt(path: string): string | undefined {
    if (tried && problems[path]) return problems[path];
    const refused = save.error instanceof ApiError ? save.error.errors : [];
    return refused.find((problem) => problem.path === path || problem.path.startsWith(`${path}.`))?.message;
  }
  function submit(event: FormEvent) {
    event.preventDefault();
    setTried(true);
    if (!input) return;
    save.mutate(input, {
      onSuccess: (saved) => {
        toast.done(sender ? "Sender saved" : "Sender added", saved.from_email);
        onSaved(saved);
      },
      onError: (error) => toast.error("Could not save the sender", error),
    });
  }

  function runTest() {
    setTried(true);
    if (input) test.mutate(input, { onError: (error) => toast.error("The test did not run", error) });
  }

  const section: SectionProps = {
    fields,
    change: (patch) => setFields((old) => ({ ...old, ...patch })),
    errorAt,
  };
  return (
    <Dialog title={sender ? `Edit ${sender.name}` : "Add a sender"} size="lg" onClose={onClose}>
      <form onSubmit={submit} noValidate className="space-y-6">
        <IdentityFields {...section} />
        <ServerFields {...section} saved={sender !== null} />
        <LimitFields {...section} />
        <HourFields {...section} workspaceZone={zone} />
        {test.data && (
          <div aria-live="polite" className="rounded-md border border-line p-4">
            <PhaseList phases={test.data.phases} />
          </div>
        )}
        <div className="flex flex-wrap justify-end gap-2 border-line border-t pt-4">
          {sender === null && (
            <Button className="mr-auto" busy={test.isPending} onClick={runTest}>
              Test connection
            </Button>
          )}
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="primary" busy={save.isPending}>
            {sender ? "Save and test" : "Add sender"}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function IdentityFields({ fields, change, errorAt }: SectionProps) {
  return (
    <fieldset className="grid gap-4 sm:grid-cols-2">
      <legend className="sr-only">Identity</legend>
      <Field label="From address" error={errorAt("from_email")}>
        {(ids) => (
          <Input
            {...ids}
            type="email"
            autoComplete="off"
            placeholder="ada@example.com"
            value={fields.from_email}
            onChange={(event) => change({ from_email: event.target.value })}
          />
        )}
      </Field>
      <Field label="From name" error={errorAt("from_name")}>
        {(ids) => (
          <Input
            {...ids}
            autoComplete="off"
            placeholder="Ada Lovelace"
            value={fields.from_name}
            onChange={(event) => change({ from_name: event.target.value })}
          />
        )}
      </Field>
      <Field label="Name in Paceline" hint="Empty: the address." error={errorAt("name")}>
        {(ids) => (
          <Input {...ids} value={fields.name} onChange={(event) => change({ name: event.target.value })} />
        )}
      </Field>
      <Field label="Reply to" hint="Empty: the from address." error={errorAt("reply_to")}>
        {(ids) => (
          <Input
            {...ids}
            type="email"
            autoComplete="off"
            value={fields.reply_to}
            onChange={(event) => change({ reply_to: event.target.value })}
          />
        )}
      </Field>
    </fieldset>
  );
}
