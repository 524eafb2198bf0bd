import { type FormEvent, useState } from "react";
import { ApiError } from "@/api/client";
import type { Webhook, WebhookEvent } from "@/api/types";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Field, Input } from "@/ui/field";
import { toast } from "@/ui/toast";
import { EventFields } from "./event-fields";
import { WEBHOOK_EVENTS } from "./looks";
import { useChangeWebhook, useCreateWebhook } from "./queries";
import { ShowSecret } from "./show-secret";

const USUAL: readonly WebhookEvent[] = WEBHOOK_EVENTS.filter((type) => type !== "email.scheduled");

export function AddWebhook({ onClose }: { onClose: () => void }) {
  const create = useCreateWebhook();
  if (create.data)
    return <ShowSecret secret={create.data.signing_secret} rotated={false} onClose={onClose} />;
  return (
    <WebhookDialog
      title="Add a webhook"
      action="Add webhook"
      first={{ endpoint: "", description: "", events: USUAL }}
      busy={create.isPending}
      error={create.error}
      onClose={onClose}
      onSubmit={(input) =>
        create.mutate(input, { onError: (error) => toast.error("Could not add the webhook", error) })
      }
    />
  );
}

export function EditWebhook({ webhook, onClose }: { webhook: Webhook; onClose: () => void }) {
  const change = useChangeWebhook(webhook.id);
  return (
    <WebhookDialog
      title="Edit the webhook"
      action="Save"
      first={{
        endpoint: webhook.endpoint,
        description: webhook.description ?? "",
        events: webhook.events,
      }}
      busy={change.isPending}
      error={change.error}
      onClose={onClose}
      onSubmit={(input) =>
        change.mutate(input, {
          onSuccess: () => {
            toast.done("Webhook saved");
            onClose();
          },
          onError: (error) => toast.error("Could not save the webhook", error),
        })
      }
    />
  );
}

interface Fields {
  endpoint: string;
  description: string;
  events: readonly WebhookEvent[];
}

interface WebhookDialogProps {
  title: string;
  action: string;
  first: Fields;
  busy: boolean;
  error: Error | null;
  onClose: () => void;
  onSubmit: (input: { endpoint: string; description: string | null; events: WebhookEvent[] }) => void;
}

function WebhookDialog({ title, action, first, busy, error, onClose, onSubmit }: WebhookDialogProps) {
  const [fields, setFields] = useState(first);
  const [tried, setTried] = useState(false);
  const noEvents = fields.events.length === 0 ? "Choose at least one event." : undefined;
  const noEndpoint = fields.endpoint.trim() === "" ? "Where shall it be told?" : undefined;

  function errorAt(path: string): string | undefined {
    const refused = error instanceof ApiError ? error.errors : [];
    return refused.find((each) => each.path === path)?.message;
  }
  function submit(event: FormEvent) {
    event.preventDefault();
    setTried(true);
    if (noEvents || noEndpoint) return;
    onSubmit({
      endpoint: fields.endpoint.trim(),
      description: fields.description.trim() || null,
      events: [...fields.events],
    });
  }
  return (
    <Dialog title={title} size="lg" onClose={onClose}>
      <form onSubmit={submit} noValidate className="space-y-4">
        <Field
          label="Endpoint"
          hint="A URL of your server that takes POST requests."
          error={(tried && noEndpoint) || errorAt("endpoint")}
        >
          {(ids) => (
            <Input
              {...ids}
              type="url"
              autoComplete="off"
              placeholder="https://example.com/hooks/paceline"
              value={fields.endpoint}
              onChange={(event) => setFields({ ...fields, endpoint: event.target.value })}
            />
          )}
        </Field>
        <Field label="Description" hint="For your team; may stay empty." error={errorAt("description")}>
          {(ids) => (
            <Input
              {...ids}
              maxLength={500}
              value={fields.description}
              onChange={(event) => setFields({ ...fields, description: event.target.value })}
            />
          )}
        </Field>
        <EventFields
          chosen={fields.events}
          error={tried ? noEvents : undefined}
          onChange={(events) => setFields({ ...fields, events })}
        />
        <div className="flex justify-end gap-2 border-line border-t pt-4">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="primary" busy={busy}>
            {action}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
