import { Megaphone } from "lucide-react";
import type { CampaignItem } from "@/api/types";
import { Badge } from "@/ui/badge";
import { ComposeLink } from "@/ui/compose-link";
import { type Cursor, Pager } from "@/ui/pager";
import { Empty, ErrorState } from "@/ui/states";
import { type Column, Table } from "@/ui/table";
import { Time } from "@/ui/time";
import { CampaignProgress } from "./campaign-progress";
import { useCampaigns } from "./queries";
import { CAMPAIGN_STATE } from "./status";

const COLUMNS: readonly Column<CampaignItem>[] = [
  {
    header: "Campaign",
    card: "title",
    className: "md:w-[34%]",
    cell: (campaign) => (
      <span className="block truncate font-medium">
        {campaign.name}
        {campaign.subject !== campaign.name && (
          <span className="block truncate font-normal text-faint text-xs">{campaign.subject}</span>
        )}
      </span>
    ),
  },
  {
    header: "Status",
    card: "corner",
    className: "md:w-36",
    cell: (campaign) => <Badge {...CAMPAIGN_STATE[campaign.state]} />,
  },
  { header: "Progress", cell: (campaign) => <CampaignProgress campaign={campaign} /> },
  {
    header: "Starts",
    className: "md:w-44",
    cellClass: "text-[0.8125rem] text-soft",
    cell: (campaign) => campaign.start_at && <Time at={campaign.start_at} zone={campaign.timezone} />,
  },
];

export function CampaignList({ cursor }: { cursor: Cursor }) {
  const campaigns = useCampaigns(cursor);
  if (campaigns.isError && !campaigns.data) {
    return (
      <ErrorState
        title="The campaigns could not be read"
        error={campaigns.error}
        onRetry={() => campaigns.refetch()}
      />
    );
  }
  if (campaigns.data?.data.length === 0) {
    return (
      <Empty icon={Megaphone} title="No campaigns yet" action={<ComposeLink />}>
        A campaign is one message to many addresses, paced from its start time.
      </Empty>
    );
  }
  return (
    <>
      <Table
        label="Campaigns"
        columns={COLUMNS}
        rows={campaigns.data?.data}
        rowKey={(campaign) => campaign.id}
        link={(campaign) => ({ to: "/campaigns/$id", params: { id: campaign.id } })}
        linkLabel={(campaign) => campaign.name}
        dimmed={campaigns.isPlaceholderData}
      />
      {campaigns.data && (
        <Pager
          cursor={cursor}
          hasMore={campaigns.data.has_more}
          rows={campaigns.data.data}
          label="campaigns"
        />
      )}
    </>
  );
}
