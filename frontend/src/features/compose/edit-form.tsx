import { Link } from "@tanstack/react-router";
import { Save } from "lucide-react";
import { type FormEvent, useState } from "react";
import type { Campaign, Import, Sender } from "@/api/types";
import { plural } from "@/lib/numbers";
import { Button, buttonClasses } from "@/ui/button";
import { Field, Input } from "@/ui/field";
import { Kbd } from "@/ui/kbd";
import { Card } from "@/ui/page";
import { toast } from "@/ui/toast";
import { type Draft, type Problems, problemsOf } from "./draft";
import { changesOf, draftOf } from "./edit-draft";
import { FormLayout } from "./form-layout";
import { focusFirstProblem, serverProblems } from "./problems";
import { useChangeCampaign } from "./queries";
import { type Open, TryOut, type TryOutParts } from "./try-out";

interface EditFormProps {
  campaign: Campaign; // a draft
  list: Import;
  senders: readonly Sender[] | undefined;
  workspaceZone: string;
  tryOut: TryOutParts;
  onSaved: () => void;
}

/** All of a draft but its list. */
export function EditForm({ campaign, list, senders, workspaceZone, tryOut, onSaved }: EditFormProps) {
  const [first] = useState(() => draftOf(campaign, new Date()));
  const [draft, setDraft] = useState<Draft>(first);
  const [tried, setTried] = useState(false);
  const [open, setOpen] = useState<Open | null>(null);
  const save = useChangeCampaign(campaign.id);
  const change = (patch: Partial<Draft>) => setDraft((old) => ({ ...old, ...patch }));
  const lacking: Problems = {
    ...problemsOf(draft, campaign.recipient_count),
    ...(!draft.name.trim() && { name: "Give it a name." }),
  };
  const problems: Problems = { ...serverProblems(save.error), ...(tried ? lacking : {}) };

  function sayWhatIsMissing() {
    setTried(true);
    focusFirstProblem();
  }

  function submit(event: FormEvent) {
    event.preventDefault();
    if (save.isPending) return;
    if (Object.keys(lacking).length > 0) {
      sayWhatIsMissing();
      return;
    }
    const changes = changesOf(first, draft);
    if (!changes) {
      onSaved();
      return;
    }
    save.mutate(changes, {
      onSuccess: () => {
        toast.done("Draft saved");
        onSaved();
      },
      onError: (error) => {
        toast.error("Could not save the draft", error);
        focusFirstProblem();
      },
    });
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
          <Field
            label="Name"
            error={problems.name}
            hint={`Goes to ${plural(campaign.recipient_count, "recipient")}${list.filename ? ` of ${list.filename}` : ""}. For another list, make a new campaign.`}
          >
            {(ids) => (
              <Input
                {...ids}
                maxLength={200}
                autoComplete="off"
                value={draft.name}
                onChange={(event) => change({ name: event.target.value })}
              />
            )}
          </Field>
        }
        columns={list.columns}
        count={campaign.recipient_count}
        tryOut={
          <TryOut
            draft={draft}
            list={list}
            resolve={async () => list}
            note={tryOut.note}
            onOpen={setOpen}
            onLacking={sayWhatIsMissing}
          />
        }
        summary={
          <Card className="p-4">
            <div className="flex gap-2">
              <Link to="/campaigns/$id" params={{ id: campaign.id }} className={buttonClasses()}>
                Discard changes
              </Link>
              <Button
                type="submit"
                variant="primary"
                className="flex-1"
                busy={save.isPending}
                icon={<Save className="size-4" aria-hidden />}
              >
                Save draft
              </Button>
            </div>
            <p className="mt-2 hidden text-center text-faint text-xs sm:block">
              or press <Kbd>Ctrl</Kbd> <Kbd>Enter</Kbd>. It is scheduled from its own page.
            </p>
          </Card>
        }
        onSubmit={submit}
      />
      {open && tryOut.dialog(open, () => setOpen(null))}
    </>
  );
}
