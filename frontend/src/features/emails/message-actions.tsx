import { CalendarClock, Pencil, RotateCw } from "lucide-react";
import { useState } from "react";
import { ApiError } from "@/api/client";
import type { EmailDetail } from "@/api/types";
import { browserZone, formatTime } from "@/lib/time";
import { Button } from "@/ui/button";
import { may, restsBecause } from "@/ui/email-status";
import { MomentForm } from "@/ui/moment-form";
import { Popover } from "@/ui/popover";
import { toast } from "@/ui/toast";
import { CancelEmail } from "./cancel-email";
import { EditEmail } from "./edit-email";
import { useChangeEmail, useRetryEmail } from "./queries";

interface ActionsProps {
  email: EmailDetail;
  zone: string | undefined; // the campaign's
}

const SOON_MS = 15 * 60_000;

/** What a person may order, as the table of statuses says. What rests for the moment says why. */
export function MessageActions({ email, zone }: ActionsProps) {
  const { status } = email;
  const rests = restsBecause("cancel", status);
  return (
    <>
      {may("retry", status) && <Retry email={email} zone={zone} />}
      {(may("edit", status) || rests) && <Edit email={email} />}
      {(may("reschedule", status) || rests) && <Reschedule email={email} zone={zone} />}
      {rests ? (
        <Button variant="danger" rests={rests} changes>
          Cancel
        </Button>
      ) : (
        <CancelEmail email={email} />
      )}
    </>
  );
}

function Edit({ email }: { email: EmailDetail }) {
  const [editing, setEditing] = useState(false);
  const rests =
    restsBecause("edit", email.status) ??
    (email.campaign_id ? "It shares its text with the other messages of its campaign." : null);
  return (
    <>
      <Button
        icon={<Pencil className="size-3.5" aria-hidden />}
        rests={rests}
        changes
        onClick={() => setEditing(true)}
      >
        Edit
      </Button>
      {editing && <EditEmail email={email} onClose={() => setEditing(false)} />}
    </>
  );
}

function Reschedule({ email, zone }: ActionsProps) {
  const change = useChangeEmail(email.id);
  function move(at: string | null, close: () => void) {
    change.mutate(
      { scheduled_at: at ?? "in 0 seconds" },
      {
        onSuccess: ({ scheduled_at }) => {
          close();
          toast.done(at ? `Moved to ${shown(scheduled_at)}` : "It goes now");
        },
        onError: (error) => toast.error("Could not move it", error),
      },
    );
  }
  return (
    <Popover
      label="Reschedule"
      icon={<CalendarClock className="size-4" aria-hidden />}
      rests={restsBecause("reschedule", email.status)}
      changes
    >
      {(close) => (
        <MomentForm
          action="Move"
          from={soonAtLeast(email.scheduled_at)}
          now="offered"
          zone={zone}
          busy={change.isPending}
          error={errorAt(change.error, "scheduled_at")}
          onChoose={(at) => move(at, close)}
        />
      )}
    </Popover>
  );
}

function Retry({ email, zone }: ActionsProps) {
  const retry = useRetryEmail(email.id);
  function again(at: string | null, close: () => void) {
    retry.mutate(at, {
      onSuccess: ({ scheduled_at }) => {
        close();
        toast.done(at ? `It is tried again ${shown(scheduled_at)}` : "1 will be sent again");
      },
      onError: (error) => toast.error("Could not try it again", error),
    });
  }
  return (
    <Popover label="Try again" variant="primary" icon={<RotateCw className="size-4" aria-hidden />} changes>
      {(close) => (
        <MomentForm
          action="Send again"
          from={new Date(Date.now() + SOON_MS)}
          now="first"
          zone={zone}
          busy={retry.isPending}
          error={errorAt(retry.error, "scheduled_at")}
          onChoose={(at) => again(at, close)}
        >
          <p className="text-[0.8125rem] text-soft">
            {email.last_reply ? (
              <>
                It ended with <span className="break-words font-mono text-xs">{email.last_reply}</span>
              </>
            ) : (
              "It was not sent. It goes again within the same limits."
            )}
          </p>
        </MomentForm>
      )}
    </Popover>
  );
}

function shown(at: string): string {
  return formatTime(at, browserZone(), new Date());
}

/** A time that has passed is no good to start from. */
function soonAtLeast(at: string): Date {
  return new Date(Math.max(new Date(at).getTime(), Date.now() + SOON_MS));
}

function errorAt(error: Error | null, path: string): string | undefined {
  return error instanceof ApiError ? error.errors.find((each) => each.path === path)?.message : undefined;
}
