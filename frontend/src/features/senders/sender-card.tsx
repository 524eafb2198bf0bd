import { Link } from "@tanstack/react-router";
import { CirclePause, CirclePlay, Pencil, PlugZap, ShieldCheck, Trash2 } from "lucide-react";
import { useState } from "react";
import type { Sender } from "@/api/types";
import { formatCount, plural } from "@/lib/numbers";
import { formatDuration } from "@/lib/time";
import { describeWindow } from "@/lib/windows";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Confirm } from "@/ui/dialog";
import { Card } from "@/ui/page";
import { SENDER_STATE } from "@/ui/sender-state";
import { toast } from "@/ui/toast";
import { useDeleteSender, usePauseSender } from "./queries";
import { SenderUsage } from "./sender-usage";

interface SenderCardProps {
  sender: Sender;
  onEdit: () => void;
  onTest: () => void;
}

export function SenderCard({ sender, onEdit, onTest }: SenderCardProps) {
  return (
    <Card className="grid gap-x-6 gap-y-3 p-4 md:grid-cols-[minmax(0,1fr)_17rem] md:items-center xl:grid-cols-[minmax(0,1fr)_17rem_18rem]">
      <div className="min-w-0">
        <div className="flex flex-wrap items-center gap-2">
          <h2 className="min-w-0 truncate font-semibold">{sender.name}</h2>
          <Badge {...SENDER_STATE[sender.state]} />
          {sender.is_default && <span className="text-faint text-xs">Default</span>}
        </div>
        <p className="mt-0.5 truncate text-soft">
          {sender.from_name ? `${sender.from_name} <${sender.from_email}>` : sender.from_email}
        </p>
        <p className="mt-0.5 truncate font-mono text-faint text-xs">
          {sender.host}:{sender.port} · {sender.security === "none" ? "plain" : sender.security}
        </p>
        <Link
          to="/senders/$id/deliverability"
          params={{ id: sender.id }}
          className="mt-1.5 inline-flex items-center gap-1.5 rounded text-[0.8125rem] text-accent hover:underline"
        >
          <ShieldCheck className="size-4" aria-hidden />
          Deliverability
          {sender.dkim !== "off" && (
            <span className="text-faint">
              · {sender.dkim === "active" ? "signed" : "signing waits for the DNS"}
            </span>
          )}
        </Link>
        {sender.state_reason && <p className="mt-1.5 text-[0.8125rem] text-bad">{sender.state_reason}</p>}
      </div>
      <div className="min-w-0">
        <SenderUsage sender={sender} />
        <p className="mt-1.5 text-faint text-xs">
          {sender.min_delay_ms > 0 ? `${formatDuration(sender.min_delay_ms / 1000)} gap` : "No gap"} ·{" "}
          {plural(sender.concurrency, "connection")}
          {sender.daily_limit !== null && ` · ${formatCount(sender.daily_limit)} a day`}
        </p>
        {sender.window && (
          <p className="mt-0.5 text-faint text-xs">
            {describeWindow(sender.window)}{" "}
            <span className="whitespace-nowrap">({sender.window.timezone.replaceAll("_", " ")})</span>
          </p>
        )}
      </div>
      <div className="flex gap-1.5 md:col-span-2 xl:col-span-1 xl:justify-end">
        <Button size="sm" changes icon={<PlugZap className="size-4" aria-hidden />} onClick={onTest}>
          Test
        </Button>
        <Button size="sm" changes icon={<Pencil className="size-3.5" aria-hidden />} onClick={onEdit}>
          Edit
        </Button>
        <PauseSender sender={sender} />
        <DeleteSender sender={sender} />
      </div>
    </Card>
  );
}

function PauseSender({ sender }: { sender: Sender }) {
  const change = usePauseSender();
  const pause = sender.state === "active";
  const Icon = pause ? CirclePause : CirclePlay;
  function run() {
    change.mutate(
      { id: sender.id, pause },
      {
        onSuccess: () =>
          toast.done(
            pause ? "Sender paused" : "Sender resumed",
            pause ? "Its mail waits." : "Its mail goes on.",
          ),
        onError: (error) =>
          toast.error(pause ? "Could not pause the sender" : "Could not resume the sender", error),
      },
    );
  }
  return (
    <Button
      size="sm"
      changes
      busy={change.isPending}
      icon={<Icon className="size-4" aria-hidden />}
      onClick={run}
    >
      {pause ? "Pause" : "Resume"}
    </Button>
  );
}

function DeleteSender({ sender }: { sender: Sender }) {
  const [asking, setAsking] = useState(false);
  const remove = useDeleteSender();
  function confirm() {
    remove.mutate(sender.id, {
      onSuccess: () => toast.done("Sender deleted", sender.from_email),
      onError: (error) => toast.error("Could not delete the sender", error),
      onSettled: () => setAsking(false),
    });
  }
  return (
    <>
      <Button
        variant="quiet"
        size="iconSm"
        changes
        aria-label={`Delete ${sender.name}`}
        onClick={() => setAsking(true)}
      >
        <Trash2 className="size-4" aria-hidden />
      </Button>
      {asking && (
        <Confirm
          title="Delete this sender?"
          message={
            <>
              <strong className="font-medium text-ink">{sender.from_email}</strong> can no longer be chosen.
              Mail that was sent stays in the lists.
            </>
          }
          action="Delete sender"
          busy={remove.isPending}
          onConfirm={confirm}
          onClose={() => setAsking(false)}
        />
      )}
    </>
  );
}
