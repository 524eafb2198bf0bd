import { Link } from "@tanstack/react-router";
import type { EmailDetail } from "@/api/types";
import { browserZone, formatExact } from "@/lib/time";
import { Fact, Facts } from "@/ui/facts";
import { Card, CardHeader } from "@/ui/page";

interface MessageFactsProps {
  email: EmailDetail;
  campaign: { id: string; name: string; timezone: string } | null;
}

export function MessageFacts({ email, campaign }: MessageFactsProps) {
  const local = browserZone();
  const other = campaign && campaign.timezone !== local ? campaign.timezone : null;
  return (
    <Card>
      <CardHeader title="Details" />
      <Facts>
        <Fact label="From">{email.from}</Fact>
        <Fact label="Scheduled">
          <span className="tabular">{formatExact(email.scheduled_at, local)}</span>
          {other && (
            <span className="tabular block text-faint">
              {formatExact(email.scheduled_at, other)} ({other})
            </span>
          )}
        </Fact>
        {email.sent_at && (
          <Fact label="Sent">
            <span className="tabular">{formatExact(email.sent_at, local)}</span>
          </Fact>
        )}
        {email.estimated_send_at && !email.sent_at && (
          <Fact label="Expected">
            <span className="tabular">{formatExact(email.estimated_send_at, local)}</span>
          </Fact>
        )}
        {campaign && (
          <Fact label="Campaign">
            <Link to="/campaigns/$id" params={{ id: campaign.id }} className="text-accent hover:underline">
              {campaign.name}
            </Link>
          </Fact>
        )}
        {email.attempts > 0 && <Fact label="Attempts">{email.attempts}</Fact>}
        {email.last_reply && (
          <Fact label="Last reply">
            <span className="font-mono text-xs">{email.last_reply}</span>
          </Fact>
        )}
        <Fact label="Message-ID">
          <span className="break-all font-mono text-xs">{email.message_id}</span>
        </Fact>
        <Fact label="ID">
          <span className="break-all font-mono text-xs">{email.id}</span>
        </Fact>
      </Facts>
    </Card>
  );
}
