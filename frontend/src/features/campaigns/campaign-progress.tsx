import type { CampaignItem, EmailStatus } from "@/api/types";
import { formatCount, plural } from "@/lib/numbers";
import { EMAIL_STATUS } from "@/ui/email-status";
import { Meter } from "@/ui/meter";
import { countOf } from "./status";

/** In the order a bar is read: what is done, what is on the wire, what went wrong. Waiting mail is the empty rest. */
const SHOWN: readonly EmailStatus[] = [
  "sent",
  "sending",
  "deferred",
  "uncertain",
  "held",
  "missed",
  "failed",
  "bounced",
  "cancelled",
  "suppressed",
];

export function CampaignMeter({ campaign }: { campaign: CampaignItem }) {
  const total = campaign.recipient_count;
  return (
    <Meter
      label={`Progress of ${campaign.name}`}
      total={total}
      parts={SHOWN.map((status) => ({
        label: EMAIL_STATUS[status].label,
        value: countOf(campaign, status),
        tone: EMAIL_STATUS[status].tone,
      }))}
    />
  );
}

export function CampaignProgress({ campaign }: { campaign: CampaignItem }) {
  const total = campaign.recipient_count;
  const sent = countOf(campaign, "sent");
  const wrong = countOf(campaign, "failed", "bounced", "uncertain", "missed", "held");
  if (campaign.scheduled_at === null) {
    return <p className="tabular truncate text-faint text-xs">{plural(total, "recipient")}</p>;
  }
  return (
    <div className="min-w-0">
      <CampaignMeter campaign={campaign} />
      <p className="tabular mt-1.5 truncate text-faint text-xs">
        {formatCount(sent)} of {plural(total, "email")} sent
        {wrong > 0 && (
          <span className="text-bad">
            {" "}
            · {formatCount(wrong)} {wrong === 1 ? "needs" : "need"} a look
          </span>
        )}
      </p>
    </div>
  );
}
