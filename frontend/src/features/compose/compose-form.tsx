import { type FormEvent, type KeyboardEvent, type ReactNode, useEffect, useState } from "react";
import { ApiError } from "@/api/client";
import type { Campaign, Sender } from "@/api/types";
import { plural } from "@/lib/numbers";
import { browserZone } from "@/lib/time";
import { Card } from "@/ui/page";
import { toast } from "@/ui/toast";
import { AdvancedTiming } from "./advanced-timing";
import {
  campaignOf,
  type Draft,
  forgetDraft,
  loadDraft,
  type Problems,
  problemsOf,
  storeDraft,
} from "./draft";
import { Forecast } from "./forecast";
import { MessageFields } from "./message-fields";
import { useSchedule } from "./queries";
import { RecipientsField } from "./recipients-field";
import { SenderChoice } from "./sender-choice";
import { Summary } from "./summary";
import { TimingFields } from "./timing-fields";
import { type Open, TryOut, TryOutDialog } from "./try-out";
import { useRecipients } from "./use-recipients";

interface ComposeFormProps {
  senders: readonly Sender[] | undefined;
  workspaceZone: string;
  /** The person's own address, for tests. */
  me: string;
  onScheduled: (campaign: Campaign) => void;
}

/** The API's field of each of the form's, for the errors that the server finds. */
const FIELD_OF: Readonly<Record<string, keyof Draft>> = {
  subject: "subject",
  html: "html",
  text: "text",
  sender_ids: "senderIds",
  start_at: "wall",
  delay_seconds: "delay",
  hourly_limit: "hourlyLimit",
  window: "window",
  timezone: "window",
  jitter_percent: "jitter",
  late_policy: "late",
  import_id: "recipients",
  recipients: "recipients",
};

export function ComposeForm({ senders, workspaceZone, me, onScheduled }: ComposeFormProps) {
  const [draft, setDraft] = useState<Draft>(() => loadDraft(browserZone()));
  const [tried, setTried] = useState(false);
  const [reading, setReading] = useState(false);
  const [open, setOpen] = useState<Open | null>(null);
  const recipients = useRecipients(draft.recipients);
  const schedule = useSchedule();
  const change = (patch: Partial<Draft>) => setDraft((old) => ({ ...old, ...patch }));

  useEffect(() => storeDraft(draft), [draft]);
  useEffect(() => {
    const known = senders?.filter((sender) => draft.senderIds.includes(sender.id)).map((sender) => sender.id);
    if (!known || (known.length > 0 && known.length === draft.senderIds.length)) return;
    const standard = senders?.find((sender) => sender.is_default) ?? senders?.[0];
    const next = known.length > 0 ? known : standard ? [standard.id] : [];
    if (next.join() !== draft.senderIds.join()) setDraft((old) => ({ ...old, senderIds: next }));
  }, [senders, draft.senderIds]);

  const count = recipients.parsed ? recipients.parsed.valid : recipients.counted.unique;
  const problems: Problems = {
    ...serverProblems(schedule.error),
    ...(tried ? problemsOf(draft, count) : {}),
  };

  function sayWhatIsMissing() {
    setTried(true);
    window.requestAnimationFrame(() => document.querySelector<HTMLElement>("[aria-invalid=true]")?.focus());
  }

  async function submit(event: FormEvent) {
    event.preventDefault();
    if (reading || schedule.isPending) return;
    if (Object.keys(problemsOf(draft, count)).length > 0) {
      sayWhatIsMissing();
      return;
    }
    setTried(true);
    setReading(true);
    try {
      const parsed = await recipients.resolve();
      if (parsed.valid === 0)
        throw new Error("There is no address among the recipients that can be sent to.");
      schedule.mutate(campaignOf(draft, parsed.import_id), {
        onSuccess: (campaign) => {
          forgetDraft();
          toast.done("Scheduled", plural(parsed.valid, "email"));
          onScheduled(campaign);
        },
        onError: (error) => toast.error("Could not schedule", error),
      });
    } catch (error) {
      toast.error("Could not schedule", error);
    } finally {
      setReading(false);
    }
  }

  function onKeyDown(event: KeyboardEvent<HTMLFormElement>) {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      event.currentTarget.requestSubmit();
    }
  }

  return (
    <>
      <form
        noValidate
        onSubmit={submit}
        onKeyDown={onKeyDown}
        className="grid gap-4 lg:grid-cols-[minmax(0,1fr)_20rem] lg:items-start xl:grid-cols-[minmax(0,1fr)_23rem]"
      >
        <div className="min-w-0 space-y-4">
          <Section>
            <RecipientsField
              text={draft.recipients}
              onText={(text) => change({ recipients: text })}
              recipients={recipients}
              error={problems.recipients}
            />
          </Section>
          <Section>
            <MessageFields
              draft={draft}
              problems={problems}
              change={change}
              columns={recipients.parsed?.columns ?? []}
            />
            <TryOut draft={draft} recipients={recipients} onOpen={setOpen} onLacking={sayWhatIsMissing} />
          </Section>
          <Section>
            <TimingFields draft={draft} problems={problems} change={change} workspaceZone={workspaceZone} />
            <AdvancedTiming draft={draft} problems={problems} change={change} workspaceZone={workspaceZone} />
          </Section>
        </div>
        <div className="min-w-0 space-y-4 lg:sticky lg:top-17">
          <Section>
            <SenderChoice
              senders={senders}
              chosen={draft.senderIds}
              onChange={(senderIds) => change({ senderIds })}
              error={problems.senderIds}
            />
          </Section>
          <Forecast draft={draft} count={count} />
          <Summary
            draft={draft}
            count={count}
            senders={senders?.filter((sender) => draft.senderIds.includes(sender.id)) ?? []}
            step={reading ? "reading" : schedule.step}
            disabled={senders?.length === 0}
          />
        </div>
      </form>
      {open && <TryOutDialog open={open} me={me} onClose={() => setOpen(null)} />}
    </>
  );
}

function Section({ children }: { children: ReactNode }) {
  return <Card className="p-4">{children}</Card>;
}

function serverProblems(error: Error | null): Problems {
  if (!(error instanceof ApiError)) return {};
  const found: Partial<Record<keyof Draft, string>> = {};
  for (const { path, message } of error.errors) {
    const field = FIELD_OF[path.split(/[.[]/)[0] ?? ""];
    if (field) found[field] ??= message;
  }
  return found;
}
