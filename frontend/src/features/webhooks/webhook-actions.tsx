import { useNavigate } from "@tanstack/react-router";
import { CirclePause, CirclePlay, KeyRound, Pencil, Send, Trash2 } from "lucide-react";
import { useState } from "react";
import type { Webhook } from "@/api/types";
import { Button } from "@/ui/button";
import { Confirm } from "@/ui/dialog";
import { toast } from "@/ui/toast";
import { useChangeWebhook, useDeleteWebhook, useRotateSecret, useTestWebhook } from "./queries";
import { ShowSecret } from "./show-secret";
import { EditWebhook } from "./webhook-form";

const OWNERS = "Only an owner may change webhooks.";

export function WebhookActions({ webhook, mayChange }: { webhook: Webhook; mayChange: boolean }) {
  const [editing, setEditing] = useState(false);
  const rests = mayChange ? null : OWNERS;
  return (
    <>
      <SendTest webhook={webhook} rests={rests} />
      <Button
        size="sm"
        icon={<Pencil className="size-3.5" aria-hidden />}
        rests={rests}
        onClick={() => setEditing(true)}
      >
        Edit
      </Button>
      <Rotate webhook={webhook} rests={rests} />
      <Switch webhook={webhook} rests={rests} />
      <Remove webhook={webhook} rests={rests} />
      {editing && <EditWebhook webhook={webhook} onClose={() => setEditing(false)} />}
    </>
  );
}

interface ActionProps {
  webhook: Webhook;
  rests: string | null;
}

function SendTest({ webhook, rests }: ActionProps) {
  const test = useTestWebhook(webhook.id);
  const disabled = webhook.status === "disabled" ? "Enable it first." : null;
  function run() {
    test.mutate(undefined, {
      onSuccess: (delivery) => toast.done("Test event sent", `${delivery.type}: see the log for the answer.`),
      onError: (error) => toast.error("Could not send a test event", error),
    });
  }
  return (
    <Button
      size="sm"
      icon={<Send className="size-3.5" aria-hidden />}
      busy={test.isPending}
      rests={rests ?? disabled}
      onClick={run}
    >
      Send test event
    </Button>
  );
}

function Rotate({ webhook, rests }: ActionProps) {
  const [asking, setAsking] = useState(false);
  const rotate = useRotateSecret(webhook.id);
  function confirm() {
    rotate.mutate(undefined, {
      onError: (error) => toast.error("Could not make a new secret", error),
      onSettled: () => setAsking(false),
    });
  }
  return (
    <>
      <Button
        size="sm"
        icon={<KeyRound className="size-3.5" aria-hidden />}
        rests={rests}
        onClick={() => setAsking(true)}
      >
        New secret
      </Button>
      {asking && (
        <Confirm
          title="Make a new signing secret?"
          message="The secret that is in force now works for 24 hours more, beside the new one. One that was replaced before ends at once."
          action="Make a new secret"
          busy={rotate.isPending}
          onConfirm={confirm}
          onClose={() => setAsking(false)}
        />
      )}
      {rotate.data && (
        <ShowSecret secret={rotate.data.signing_secret} rotated onClose={() => rotate.reset()} />
      )}
    </>
  );
}

function Switch({ webhook, rests }: ActionProps) {
  const change = useChangeWebhook(webhook.id);
  const disable = webhook.status === "enabled";
  const Icon = disable ? CirclePause : CirclePlay;
  function run() {
    change.mutate(
      { status: disable ? "disabled" : "enabled" },
      {
        onSuccess: () =>
          toast.done(
            disable ? "Webhook disabled" : "Webhook enabled",
            disable ? "What happens from now on is not kept for it." : "What waited is delivered now.",
          ),
        onError: (error) => toast.error("Could not change the webhook", error),
      },
    );
  }
  return (
    <Button
      size="sm"
      icon={<Icon className="size-4" aria-hidden />}
      busy={change.isPending}
      rests={rests}
      onClick={run}
    >
      {disable ? "Disable" : "Enable"}
    </Button>
  );
}

function Remove({ webhook, rests }: ActionProps) {
  const [asking, setAsking] = useState(false);
  const navigate = useNavigate();
  const remove = useDeleteWebhook();
  function confirm() {
    remove.mutate(webhook.id, {
      onSuccess: () => {
        toast.done("Webhook deleted", webhook.endpoint);
        navigate({ to: "/settings" });
      },
      onError: (error) => toast.error("Could not delete the webhook", error),
      onSettled: () => setAsking(false),
    });
  }
  return (
    <>
      <Button
        variant="quiet"
        size="iconSm"
        aria-label="Delete the webhook"
        rests={rests}
        onClick={() => setAsking(true)}
      >
        <Trash2 className="size-4" aria-hidden />
      </Button>
      {asking && (
        <Confirm
          title="Delete this webhook?"
          message={
            <>
              <strong className="break-all font-medium text-ink">{webhook.endpoint}</strong> is told nothing
              any more, and its log goes. This cannot be undone.
            </>
          }
          action="Delete webhook"
          busy={remove.isPending}
          onConfirm={confirm}
          onClose={() => setAsking(false)}
        />
      )}
    </>
  );
}
