import { Link } from "@tanstack/react-router";
import type { CampaignItem } from "@/api/types";
import { classes } from "@/lib/classes";
import { formatCount, plural } from "@/lib/numbers";
import { toneFill } from "@/ui/badge";
import { EMAIL_STATUS, EMAIL_STATUSES } from "@/ui/email-status";
import { Card } from "@/ui/page";
import { CampaignMeter } from "./campaign-progress";
import { countOf } from "./status";

/** How far a campaign is; each count leads to its messages in the list below. */
export function CampaignSummary({ campaign }: { campaign: CampaignItem }) {
  return (
    <Card className="p-4">
      <p className="tabular font-semibold text-2xl tracking-tight">
        {formatCount(countOf(campaign, "sent"))}
        <span className="font-normal text-base text-faint">
          {" "}
          of {plural(campaign.recipient_count, "email")} sent
        </span>
      </p>
      <div className="mt-3">
        <CampaignMeter campaign={campaign} />
      </div>
      <ul className="-mx-1.5 mt-2.5 flex flex-wrap gap-x-2 gap-y-0.5 text-[0.8125rem]">
        {EMAIL_STATUSES.filter((status) => countOf(campaign, status) > 0).map((status) => (
          <li key={status}>
            <Link
              to="/campaigns/$id"
              params={{ id: campaign.id }}
              search={{ status }}
              resetScroll={false}
              title={EMAIL_STATUS[status].meaning}
              className="flex items-center gap-1.5 rounded px-1.5 py-0.5 hover:bg-raised"
              activeOptions={{ includeSearch: true }}
              activeProps={{ className: "bg-raised" }}
            >
              <span
                className={classes("size-2 rounded-full", toneFill(EMAIL_STATUS[status].tone))}
                aria-hidden
              />
              <span className="text-soft">{EMAIL_STATUS[status].label}</span>
              <span className="tabular font-medium">{formatCount(countOf(campaign, status))}</span>
            </Link>
          </li>
        ))}
      </ul>
    </Card>
  );
}
