import { Link, type LinkProps } from "@tanstack/react-router";
import { CampaignBrief } from "@/features/campaigns/campaign-brief";
import { EmailBrief } from "@/features/emails/email-brief";
import { Attention } from "@/features/overview/attention";
import { Figures } from "@/features/overview/figures";
import { SenderLoads } from "@/features/overview/sender-loads";
import { SentHours } from "@/features/overview/sent-hours";
import { WebhookNotice } from "@/features/webhooks/notice";
import { WAITING_STATUSES } from "@/ui/email-status";
import { Page } from "@/ui/page";

const SHOWN = 5;

export function OverviewPage() {
  return (
    <Page title="Overview">
      <WebhookNotice />
      <div className="grid gap-4 lg:grid-cols-2">
        <div className="lg:col-span-2">
          <Figures />
        </div>
        <div className="lg:col-span-2">
          <SentHours />
        </div>
        <div className="min-w-0 space-y-4">
          <Attention
            more={<More to="/sent" search={{ status: "attention" }} label="All that need a look" />}
          />
          <EmailBrief
            title="Next due"
            filter={{ status: WAITING_STATUSES, sort: "scheduled_at", limit: SHOWN }}
            more={<More to="/scheduled" label="All scheduled" />}
            empty="Nothing is waiting."
          />
        </div>
        <div className="min-w-0 space-y-4">
          <CampaignBrief more={<More to="/campaigns" label="All campaigns" />} />
          <SenderLoads more={<More to="/senders" label="All senders" />} />
        </div>
      </div>
    </Page>
  );
}

interface MoreProps extends Pick<LinkProps, "to" | "search"> {
  label: string;
}

function More({ to, search, label }: MoreProps) {
  return (
    <Link to={to} search={search} className="rounded text-accent text-xs hover:underline">
      {label}
    </Link>
  );
}
