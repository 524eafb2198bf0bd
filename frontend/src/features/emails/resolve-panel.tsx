import { CircleHelp, CirclePause } from "lucide-react";
import { useState } from "react";
import type { EmailDetail } from "@/api/types";
import { classes } from "@/lib/classes";
import { Button } from "@/ui/button";
import { Confirm } from "@/ui/dialog";
import { toast } from "@/ui/toast";
import { type Choice, DECISIONS } from "./decisions";
import { useResolveEmail } from "./queries";

const QUESTIONS = {
  uncertain: {
    icon: CircleHelp,
    look: "border-doubt/35 bg-doubt-wash/60",
    tone: "text-doubt",
    title: "Did it arrive?",
    text: "The message was handed over, but the server's answer was lost. Nobody can tell from here, so it is never sent again by itself. Look in the recipient's mailbox or ask, then decide.",
  },
  held: {
    icon: CirclePause,
    look: "border-warn/35 bg-warn-wash/60",
    tone: "text-warn",
    title: "Late: send it still?",
    text: "It was due while nothing ran, and its late policy asks a person. It waits until you decide.",
  },
} as const;

/** Asks what only a person can decide: about a message in doubt, or one that is late. */
export function ResolvePanel({ email }: { email: EmailDetail }) {
  const { status } = email;
  if (status !== "uncertain" && status !== "held") return null;
  const { icon: Icon, look, tone, title, text } = QUESTIONS[status];
  return (
    <section
      aria-label={title}
      className={classes("flex items-start gap-3 rounded-lg border px-4 py-3.5", look)}
    >
      <Icon className={classes("mt-0.5 size-4.5 shrink-0", tone)} aria-hidden />
      <div className="min-w-0">
        <h2 className="font-semibold">{title}</h2>
        <p className="mt-0.5 max-w-prose text-soft">{text}</p>
        {email.last_reply && (
          <p className="mt-1 break-words font-mono text-soft text-xs">{email.last_reply}</p>
        )}
        <div className="mt-3 flex flex-wrap gap-x-3 gap-y-3 sm:gap-x-5">
          {DECISIONS[status].map((choice) => (
            <ChoiceButton key={choice.action} id={email.id} choice={choice} />
          ))}
        </div>
      </div>
    </section>
  );
}

function ChoiceButton({ id, choice }: { id: string; choice: Choice }) {
  const [asking, setAsking] = useState(false);
  const resolve = useResolveEmail(id);
  function decide() {
    resolve.mutate(choice.action, {
      onSuccess: () => toast.done(choice.done(1)),
      onError: (error) => toast.error(`Could not do it: ${choice.label.toLowerCase()}`, error),
      onSettled: () => setAsking(false),
    });
  }
  return (
    <div>
      <Button
        variant={choice.variant}
        changes
        busy={resolve.isPending && !asking}
        onClick={choice.warning ? () => setAsking(true) : decide}
      >
        {choice.label}
      </Button>
      <p className="mt-1 text-soft text-xs">{choice.meaning}</p>
      {asking && (
        <Confirm
          title={`${choice.label}?`}
          message={choice.warning}
          action={choice.label}
          keep="Not now"
          busy={resolve.isPending}
          onConfirm={decide}
          onClose={() => setAsking(false)}
        />
      )}
    </div>
  );
}
