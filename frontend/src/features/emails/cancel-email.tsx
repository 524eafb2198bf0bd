import { useState } from "react";
import type { Email } from "@/api/types";
import { Button } from "@/ui/button";
import { Confirm } from "@/ui/dialog";
import { may } from "@/ui/email-status";
import { useLooksOnly } from "@/ui/looks-only";
import { toast } from "@/ui/toast";
import { useCancelEmail } from "./queries";

/** The cancel button of a message that has not left yet; nothing for any other. */
export function CancelEmail({ email, compact = false }: { email: Email; compact?: boolean }) {
  const [asking, setAsking] = useState(false);
  const cancel = useCancelEmail();
  const looksOnly = useLooksOnly();
  if (!may("cancel", email.status) || (compact && looksOnly)) return null;
  function confirm() {
    cancel.mutate(email.id, {
      onSuccess: () => toast.done("Cancelled", `The message to ${email.to[0]} will not be sent.`),
      onError: (error) => toast.error("Could not cancel", error),
      onSettled: () => setAsking(false),
    });
  }
  return (
    <>
      <Button
        variant={compact ? "quiet" : "danger"}
        size={compact ? "sm" : "md"}
        changes
        className={
          compact
            ? "relative z-10 -my-1 md:opacity-0 md:focus-visible:opacity-100 md:group-hover:opacity-100 md:group-focus-within:opacity-100"
            : ""
        }
        onClick={() => setAsking(true)}
        aria-label={`Cancel the message to ${email.to[0]}`}
      >
        Cancel
      </Button>
      {asking && (
        <Confirm
          title="Cancel this message?"
          message={
            <>
              <strong className="font-medium text-ink">{email.subject || "No subject"}</strong> to{" "}
              {email.to[0]} will not be sent. This cannot be undone.
            </>
          }
          action="Cancel message"
          busy={cancel.isPending}
          onConfirm={confirm}
          onClose={() => setAsking(false)}
        />
      )}
    </>
  );
}
