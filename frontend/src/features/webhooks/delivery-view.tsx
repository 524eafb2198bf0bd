import { Link } from "@tanstack/react-router";
import { ChevronRight, RotateCw } from "lucide-react";
import type { ReactNode } from "react";
import type { Webhook, WebhookAttempt, WebhookDeliveryDetail } from "@/api/types";
import { formatCount } from "@/lib/numbers";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Fact, Facts } from "@/ui/facts";
import { Card, CardHeader } from "@/ui/page";
import { RelativeTime, Time } from "@/ui/time";
import { toast } from "@/ui/toast";
import { HEALTH } from "./looks";
import { useReplayDelivery } from "./queries";

export function DeliveryView({ delivery }: { delivery: WebhookDeliveryDetail }) {
  return (
    <div className="grid gap-4 lg:grid-cols-2">
      <div className="min-w-0 space-y-4">
        <Card>
          <CardHeader title="Delivery" />
          <Facts>
            <Fact label="Happened">
              <Time at={delivery.created_at} seconds />
            </Fact>
            <Fact label="webhook-id">
              <span className="break-all font-mono text-xs">{delivery.id}</span>
            </Fact>
            {delivery.email_id && (
              <Fact label="Message">
                <Link
                  to="/emails/$id"
                  params={{ id: delivery.email_id }}
                  className="rounded text-accent hover:underline"
                >
                  Open the message
                </Link>
              </Fact>
            )}
            {delivery.campaign_id && (
              <Fact label="Campaign">
                <Link
                  to="/campaigns/$id"
                  params={{ id: delivery.campaign_id }}
                  className="rounded text-accent hover:underline"
                >
                  Open the campaign
                </Link>
              </Fact>
            )}
            <Fact label="Attempts">{delivery.attempts}</Fact>
            {delivery.next_attempt_at ? (
              <Fact label="Next attempt">
                <Time at={delivery.next_attempt_at} seconds />,{" "}
                <RelativeTime at={delivery.next_attempt_at} coming />
              </Fact>
            ) : (
              delivery.status === "pending" && <Fact label="Next attempt">Once the webhook is enabled</Fact>
            )}
          </Facts>
        </Card>
        <Card>
          <CardHeader title="Body" />
          {delivery.request_body ? (
            <Code label="Body of the request">{pretty(delivery.request_body)}</Code>
          ) : (
            <p className="px-4 py-3 text-faint">It is made at the first attempt.</p>
          )}
        </Card>
      </div>
      <div className="min-w-0">
        <Card>
          <CardHeader title={delivery.attempt_log.length > 0 ? "Attempts, latest first" : "Attempts"} />
          {delivery.attempt_log.length === 0 ? (
            <p className="px-4 py-3 text-faint">Not tried yet.</p>
          ) : (
            <ol className="divide-y divide-line">
              {delivery.attempt_log.map((attempt, index) => (
                <Attempt key={attempt.number} attempt={attempt} open={index === 0} />
              ))}
            </ol>
          )}
        </Card>
      </div>
    </div>
  );
}

function Attempt({ attempt, open }: { attempt: WebhookAttempt; open: boolean }) {
  const good = attempt.error === null;
  return (
    <li>
      <details open={open} className="group">
        <summary className="flex cursor-pointer flex-wrap items-center gap-x-3 gap-y-1 px-4 py-2.5 hover:bg-raised/55">
          <Badge
            {...HEALTH[good ? "healthy" : "disabled"]}
            label={`Attempt ${attempt.number}: ${attempt.status_code ?? "no answer"}`}
          />
          <span className="text-[0.8125rem] text-soft">
            <Time at={attempt.at} seconds />
          </span>
          <span className="ml-auto text-faint text-xs">{formatCount(attempt.duration_ms)} ms</span>
          <ChevronRight className="size-4 text-faint transition-transform group-open:rotate-90" aria-hidden />
        </summary>
        <div className="space-y-3 px-4 pb-3">
          {attempt.error && <p className="text-[0.8125rem] text-bad">{attempt.error}</p>}
          <Part title="Answer">
            {attempt.response_body ? (
              <Code label="Body of the answer">{pretty(attempt.response_body)}</Code>
            ) : (
              <p className="text-faint text-xs">{attempt.status_code === null ? "None came." : "No body."}</p>
            )}
          </Part>
          <Part title="Headers of the request">
            <Code label="Headers of the request">
              {Object.entries(attempt.request_headers)
                .sort()
                .map(([name, value]) => `${name}: ${value}`)
                .join("\n")}
            </Code>
          </Part>
        </div>
      </details>
    </li>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div>
      <p className="mb-1 text-faint text-xs">{title}</p>
      {children}
    </div>
  );
}

function Code({ label: name, children }: { label: string; children: string }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard
    <section aria-label={name} tabIndex={0} className="max-h-96 overflow-auto rounded-b-lg bg-raised/50">
      <pre className="px-4 py-3 font-mono text-xs leading-relaxed whitespace-pre-wrap break-all">
        {children}
      </pre>
    </section>
  );
}

/** JSON with its structure to see; anything else as it is. */
function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

interface ReplayProps {
  webhook: Webhook;
  delivery: WebhookDeliveryDetail;
  mayChange: boolean;
}

export function ReplayDelivery({ webhook, delivery, mayChange }: ReplayProps) {
  const replay = useReplayDelivery(webhook.id);
  const disabled = webhook.status === "disabled" ? "Enable the webhook first." : null;
  function run() {
    replay.mutate(delivery.id, {
      onSuccess: () => toast.done("Sent again", "Under the same webhook-id."),
      onError: (error) => toast.error("Could not replay", error),
    });
  }
  return (
    <Button
      size="sm"
      icon={<RotateCw className="size-3.5" aria-hidden />}
      busy={replay.isPending}
      rests={mayChange ? disabled : "Only an owner may do this."}
      onClick={run}
    >
      Replay
    </Button>
  );
}
