import type { CampaignItem } from "@/api/types";
import { classes } from "@/lib/classes";
import { formatCount, plural } from "@/lib/numbers";
import { formatDuration } from "@/lib/time";
import { describeWindow } from "@/lib/windows";
import { toneFill } from "@/ui/badge";
import { EMAIL_STATUS, EMAIL_STATUSES } from "@/ui/email-status";
import { Fact, Facts } from "@/ui/facts";
import { LATE_POLICY } from "@/ui/late-policy";
import { Card } from "@/ui/page";
import { ExactTime } from "@/ui/time";
import { CampaignMeter } from "./campaign-progress";
import { countOf } from "./status";

interface CampaignSummaryProps {
  campaign: CampaignItem;
  senders: readonly { id: string; name: string; from_email: string }[];
}

export function CampaignSummary({ campaign, senders }: CampaignSummaryProps) {
  const total = campaign.recipient_count;
  const names = campaign.sender_ids.map((id) => senders.find((sender) => sender.id === id)?.from_email ?? id);
  return (
    <Card className="mb-4 grid lg:grid-cols-[minmax(0,1fr)_26rem]">
      <div className="p-4">
        <p className="tabular font-semibold text-2xl tracking-tight">
          {formatCount(countOf(campaign, "sent"))}
          <span className="font-normal text-base text-faint"> of {plural(total, "email")} sent</span>
        </p>
        <div className="mt-3">
          <CampaignMeter campaign={campaign} />
        </div>
        <ul className="mt-3 flex flex-wrap gap-x-5 gap-y-1.5 text-[0.8125rem]">
          {EMAIL_STATUSES.filter((status) => countOf(campaign, status) > 0).map((status) => (
            <li key={status} className="flex items-center gap-1.5" title={EMAIL_STATUS[status].meaning}>
              <span
                className={classes("size-2 rounded-full", toneFill(EMAIL_STATUS[status].tone))}
                aria-hidden
              />
              <span className="text-soft">{EMAIL_STATUS[status].label}</span>
              <span className="tabular font-medium">{formatCount(countOf(campaign, status))}</span>
            </li>
          ))}
        </ul>
      </div>
      <div className="border-line border-t lg:border-t-0 lg:border-l">
        <Facts>
          <Fact label="Subject">{campaign.subject}</Fact>
          <Fact label="From">{names.join(", ")}</Fact>
          {campaign.start_at && (
            <Fact label="Starts">
              <ExactTime at={campaign.start_at} zone={campaign.timezone} />
            </Fact>
          )}
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
      </div>
    </Card>
  );
}
