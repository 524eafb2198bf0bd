import { type FormEvent, useEffect, useState } from "react";
import type { Campaign, Sender } from "@/api/types";
import { plural } from "@/lib/numbers";
import { browserZone } from "@/lib/time";
import { toast } from "@/ui/toast";
import {
  campaignOf,
  type Draft,
  forgetDraft,
  loadDraft,
  type Problems,
  problemsOf,
  storeDraft,
} from "./draft";
import { FormLayout } from "./form-layout";
import { focusFirstProblem, serverProblems } from "./problems";
import { useSchedule } from "./queries";
import { RecipientsField } from "./recipients-field";
import { Summary } from "./summary";
import { type Open, TryOut, type TryOutParts } from "./try-out";
import { useRecipients } from "./use-recipients";

interface ComposeFormProps {
  senders: readonly Sender[] | undefined;
  workspaceZone: string;
  tryOut: TryOutParts;
  onScheduled: (campaign: Campaign) => void;
}

export function ComposeForm({ senders, workspaceZone, tryOut, onScheduled }: ComposeFormProps) {
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
    focusFirstProblem();
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

  return (
    <>
      <FormLayout
        draft={draft}
        problems={problems}
        change={change}
        senders={senders}
        workspaceZone={workspaceZone}
        recipients={
          <RecipientsField
            text={draft.recipients}
            onText={(text) => change({ recipients: text })}
            recipients={recipients}
            error={problems.recipients}
          />
        }
        columns={recipients.parsed?.columns ?? []}
        count={count}
        tryOut={
          <TryOut
            draft={draft}
            list={recipients.parsed}
            resolve={async () =>
              recipients.counted.unique || recipients.parsed ? recipients.resolve() : null
            }
            note={tryOut.note}
            onOpen={setOpen}
            onLacking={sayWhatIsMissing}
          />
        }
        summary={
          <Summary
            draft={draft}
            count={count}
            senders={senders?.filter((sender) => draft.senderIds.includes(sender.id)) ?? []}
            step={reading ? "reading" : schedule.step}
            disabled={senders?.length === 0}
          />
        }
        onSubmit={submit}
      />
      {open && tryOut.dialog(open, () => setOpen(null))}
    </>
  );
}
