import { Link } from "@tanstack/react-router";
import type { EmailDetail } from "@/api/types";
import { WAITING_STATUSES } from "@/ui/email-status";
import { Fact, Facts } from "@/ui/facts";
import { LATE_POLICY } from "@/ui/late-policy";
import { Card, CardHeader } from "@/ui/page";
import { ExactTime } from "@/ui/time";

interface MessageFactsProps {
  email: EmailDetail;
  campaign: { id: string; name: string; timezone: string } | null;
}

export function MessageFacts({ email, campaign }: MessageFactsProps) {
  return (
    <Card>
      <CardHeader title="Details" />
      <Facts>
        <Fact label="From">{email.from}</Fact>
        <Fact label="Scheduled">
          <ExactTime at={email.scheduled_at} zone={campaign?.timezone} />
        </Fact>
        {email.sent_at && (
          <Fact label="Sent">
            <ExactTime at={email.sent_at} />
          </Fact>
        )}
        {email.estimated_send_at && email.estimated_send_at !== email.scheduled_at && !email.sent_at && (
          <Fact label="Expected">
            <ExactTime at={email.estimated_send_at} />
          </Fact>
        )}
        {campaign && (
          <Fact label="Campaign">
            <Link to="/campaigns/$id" params={{ id: campaign.id }} className="text-accent hover:underline">
              {campaign.name}
            </Link>
          </Fact>
        )}
        {(WAITING_STATUSES.some((status) => status === email.status) || email.status === "held") && (
          <Fact label="If late">{LATE_POLICY[email.late_policy].label}</Fact>
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
