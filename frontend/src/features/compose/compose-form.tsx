import { useEffect, useState } from "react";
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
  /** It is scheduled, or saved as a draft. */
  onDone: (campaign: Campaign) => void;
}

export function ComposeForm({ senders, workspaceZone, tryOut, onDone }: ComposeFormProps) {
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

  async function finish(as: "draft" | "scheduled") {
    if (reading || schedule.isPending) return;
    if (Object.keys(problemsOf(draft, count)).length > 0) {
      sayWhatIsMissing();
      return;
    }
    const failed = as === "draft" ? "Could not save the draft" : "Could not schedule";
    setTried(true);
    setReading(true);
    try {
      const parsed = await recipients.resolve();
      if (parsed.valid === 0)
        throw new Error("There is no address among the recipients that can be sent to.");
      schedule.mutate(
        { campaign: campaignOf(draft, parsed.import_id), as },
        {
          onSuccess: (campaign) => {
            forgetDraft();
            toast.done(as === "draft" ? "Draft saved" : "Scheduled", plural(parsed.valid, "email"));
            onDone(campaign);
          },
          onError: (error) => toast.error(failed, error),
        },
      );
    } catch (error) {
      toast.error(failed, error);
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
            onSaveDraft={() => finish("draft")}
          />
        }
        onSubmit={(event) => {
          event.preventDefault();
          finish("scheduled");
        }}
      />
      {open && tryOut.dialog(open, () => setOpen(null))}
    </>
  );
}
