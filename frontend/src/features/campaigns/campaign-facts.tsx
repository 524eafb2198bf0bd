import type { ReactNode } from "react";
import type { CampaignItem } from "@/api/types";
import { useNow } from "@/lib/now";
import { formatCount } from "@/lib/numbers";
import { browserZone, formatDuration, formatTime, zoneOffset } from "@/lib/time";
import { describeWindow } from "@/lib/windows";
import { Fact, Facts } from "@/ui/facts";
import { LATE_POLICY } from "@/ui/late-policy";
import { Card, CardHeader } from "@/ui/page";
import { Time } from "@/ui/time";

interface CampaignFactsProps {
  campaign: CampaignItem;
  senders: readonly { id: string; name: string; from_email: string }[];
  actions?: ReactNode;
}

/** What was decided about a campaign: subject, senders, start and pace. */
export function CampaignFacts({ campaign, senders, actions }: CampaignFactsProps) {
  const names = campaign.sender_ids.map((id) => senders.find((sender) => sender.id === id)?.from_email ?? id);
  return (
    <Card>
      <CardHeader title="Plan">{actions}</CardHeader>
      <Facts>
        <Fact label="Subject">{campaign.subject}</Fact>
        <Fact label="Recipients">
          <span className="tabular">{formatCount(campaign.recipient_count)}</span>
        </Fact>
        <Fact label="From">{names.join(", ")}</Fact>
        <Fact label={campaign.scheduled_at ? "Start" : "Starts"}>
          <Start campaign={campaign} />
        </Fact>
        <Fact label="Pace">
          {campaign.delay_seconds > 0
            ? `${formatDuration(campaign.delay_seconds)} between emails`
            : "No delay of its own"}
          {campaign.jitter_percent > 0 && `, up to ${campaign.jitter_percent} % later at random`}
          {campaign.hourly_limit !== null && `, at most ${formatCount(campaign.hourly_limit)} an hour`}
        </Fact>
        <Fact label="Sends">
          {campaign.window ? describeWindow(campaign.window) : "At any hour"}
          {campaign.window && (
            <span className="block text-faint text-xs">{campaign.timezone.replaceAll("_", " ")}</span>
          )}
        </Fact>
        <Fact label="If late">
          <span title={LATE_POLICY[campaign.late_policy].meaning}>
            {LATE_POLICY[campaign.late_policy].label}
          </span>
        </Fact>
      </Facts>
    </Card>
  );
}

/** In the reader's zone and, where it is another, in the campaign's. */
function Start({ campaign }: { campaign: CampaignItem }) {
  const now = useNow();
  const { start_at, timezone } = campaign;
  if (campaign.state === "draft" && new Date(start_at) <= now) return "As soon as it is scheduled";
  return (
    <>
      <Time at={start_at} zone={timezone} />
      {zoneOffset(timezone, new Date(start_at)) !== zoneOffset(browserZone(), new Date(start_at)) && (
        <span className="tabular block text-faint text-xs">
          {formatTime(start_at, timezone, now)} in {timezone.replaceAll("_", " ")}
        </span>
      )}
    </>
  );
}
