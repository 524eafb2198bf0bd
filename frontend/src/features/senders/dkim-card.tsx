import { CircleCheck, Clock, KeyRound, type LucideIcon, MinusCircle } from "lucide-react";
import { useState } from "react";
import type { DkimKey, Sender, SenderDkim } from "@/api/types";
import { Badge, type Look } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Confirm } from "@/ui/dialog";
import { Card, CardHeader } from "@/ui/page";
import { ErrorState, Skeleton } from "@/ui/states";
import { RelativeTime, Time } from "@/ui/time";
import { toast } from "@/ui/toast";
import { RecordToPublish } from "./dns-record";
import { OwnKeyDialog } from "./own-key-dialog";
import { useCheckDkim, useDkim, useDnsCheck, useRemoveDkim, useSetUpDkim } from "./queries";

const STATES: Record<SenderDkim["state"], Look> = {
  off: { label: "Not signed here", tone: "neutral", icon: MinusCircle as LucideIcon },
  waiting: { label: "Waiting for the DNS", tone: "warn", icon: Clock },
  active: { label: "Signed", tone: "ok", icon: CircleCheck },
};

/** Signing a sender's mail, step by step: make a key, publish its record, check it; another key, or none. */
export function DkimCard({ sender }: { sender: Sender }) {
  const dkim = useDkim(sender.id);
  return (
    <Card>
      <CardHeader title="Signing (DKIM)">{dkim.data && <Badge {...STATES[dkim.data.state]} />}</CardHeader>
      {dkim.isPending ? (
        <div className="space-y-3 p-4">
          <Skeleton className="h-4 w-1/3" />
          <Skeleton className="h-3 w-2/3" />
        </div>
      ) : dkim.isError ? (
        <ErrorState
          title="How its mail is signed could not be read"
          error={dkim.error}
          onRetry={() => dkim.refetch()}
        />
      ) : (
        <div className="space-y-4 p-4">
          {dkim.data.active && <Active signing={dkim.data.active} replaced={dkim.data.waiting !== null} />}
          {dkim.data.waiting && <Waiting id={sender.id} waiting={dkim.data.waiting} />}
          {dkim.data.state === "off" && (
            <p className="text-soft">
              A signature proves that a message comes from your domain and was not changed on its way. Google
              and Microsoft 365 sign by themselves once it is turned on there. For other servers Paceline can
              sign: it makes a key, you publish one record.
            </p>
          )}
          <Actions sender={sender} dkim={dkim.data} />
        </div>
      )}
    </Card>
  );
}

function Active({ signing, replaced }: { signing: DkimKey; replaced: boolean }) {
  return (
    <div>
      <p className="break-words text-soft">
        All mail of this sender is signed for{" "}
        <strong className="font-medium text-ink">{signing.domain}</strong>
        {signing.active_at && (
          <>
            {" "}
            since <Time at={signing.active_at} />
          </>
        )}
        {replaced ? ", until the new key takes over." : "."}
      </p>
      <details className="mt-2 text-[0.8125rem]">
        <summary className="w-fit cursor-pointer rounded text-faint hover:text-ink">
          Its record, which has to stay in the DNS
        </summary>
        <RecordToPublish record={signing.record} label="Record of the key that signs" />
      </details>
    </div>
  );
}

function Waiting({ id, waiting }: { id: string; waiting: DkimKey }) {
  const check = useCheckDkim(id);
  function run() {
    check.mutate(undefined, {
      onSuccess: (found) => {
        if (found.waiting === null) toast.done("The record is there", "Mail is signed from now on.");
      },
      onError: (error) => toast.error("The check did not run", error),
    });
  }
  return (
    <ol className="space-y-4">
      <li>
        <p className="font-medium">1. Publish this record where the domain's DNS is kept</p>
        <RecordToPublish record={waiting.record} label="Record to publish" />
        <p className="mt-1.5 text-faint text-xs">
          Some providers add the domain by themselves: then leave it out of the name. It takes minutes, at
          some an hour, until others see it.
        </p>
      </li>
      <li>
        <p className="font-medium">2. Check it. Once it is seen, mail is signed</p>
        <div className="mt-2 flex flex-wrap items-center gap-x-3 gap-y-2">
          <Button variant="primary" changes busy={check.isPending} onClick={run}>
            Check the record
          </Button>
          <p aria-live="polite" className="text-[0.8125rem] text-soft">
            {waiting.finding && waiting.checked_at && (
              <>
                {waiting.finding} <span className="text-faint">Checked </span>
                <span className="text-faint">
                  <RelativeTime at={waiting.checked_at} />.
                </span>
              </>
            )}
          </p>
        </div>
      </li>
    </ol>
  );
}

function Actions({ sender, dkim }: { sender: Sender; dkim: SenderDkim }) {
  const [asking, setAsking] = useState<"own" | "discard" | "stop" | null>(null);
  const setUp = useSetUpDkim(sender.id);
  const remove = useRemoveDkim(sender.id);
  const isOff = dkim.state === "off";
  // The server may sign already: then nothing here asks to be pressed.
  const signed = useDnsCheck(sender.id).data?.checks.some(
    (each) => each.check === "dkim" && each.state === "ok",
  );
  function make() {
    setUp.mutate(
      {},
      {
        onSuccess: (made) =>
          made.waiting === null
            ? toast.done("Mail is signed", "By the key of another sender of this domain.")
            : toast.done("A key was made", "Publish its record, then check it."),
        onError: (error) => toast.error("Could not make a key", error),
      },
    );
  }
  function end() {
    const discards = asking === "discard";
    remove.mutate(discards, {
      onSuccess: () => toast.done(discards ? "The key is gone" : "Mail is no longer signed here"),
      onError: (error) => toast.error("Could not remove the key", error),
      onSettled: () => setAsking(null),
    });
  }
  return (
    <div className="flex flex-wrap gap-2 border-line border-t pt-4 first:border-0 first:pt-0">
      <Button
        variant={isOff && !signed ? "primary" : "secondary"}
        changes
        busy={setUp.isPending}
        icon={<KeyRound className="size-4" aria-hidden />}
        onClick={make}
      >
        {isOff ? "Make a key" : "Make another key"}
      </Button>
      <Button changes onClick={() => setAsking("own")}>
        Use a key of your own
      </Button>
      {dkim.waiting && (
        <Button variant="danger" changes onClick={() => setAsking("discard")}>
          {dkim.active ? "Discard the new key" : "Discard the key"}
        </Button>
      )}
      {dkim.active && (
        <Button variant="danger" changes onClick={() => setAsking("stop")}>
          Stop signing
        </Button>
      )}
      {asking === "own" && <OwnKeyDialog sender={sender} onClose={() => setAsking(null)} />}
      {(asking === "discard" || asking === "stop") && (
        <Confirm
          title={asking === "stop" ? "Stop signing?" : "Discard this key?"}
          message={
            asking === "stop"
              ? "Mail of this sender leaves without a signature, and the key is gone for good. Leave its record in the DNS for a week: mail on its way is checked with it."
              : "It has not signed anything. It is gone for good; its record may go too."
          }
          action={asking === "stop" ? "Stop signing" : "Discard it"}
          busy={remove.isPending}
          onConfirm={end}
          onClose={() => setAsking(null)}
        />
      )}
    </div>
  );
}
