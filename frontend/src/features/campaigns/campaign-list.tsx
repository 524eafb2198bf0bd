import { Megaphone, SearchX } from "lucide-react";
import type { CampaignItem } from "@/api/types";
import { useNow } from "@/lib/now";
import { Badge } from "@/ui/badge";
import { ComposeLink } from "@/ui/compose-link";
import { Pager } from "@/ui/pager";
import { Empty, ErrorState } from "@/ui/states";
import { type Column, Table } from "@/ui/table";
import { Time } from "@/ui/time";
import type { CampaignSearch } from "./campaign-filters";
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
    cellClass: "text-[0.8125rem] text-soft max-md:empty:hidden",
    cell: (campaign) => <Start campaign={campaign} />,
  },
];

function Start({ campaign }: { campaign: CampaignItem }) {
  const now = useNow();
  // The start of a draft that names none is the moment in which it was made.
  if (campaign.scheduled_at === null && new Date(campaign.start_at) <= now) {
    return campaign.state === "draft" ? "Once scheduled" : null;
  }
  return (
    <>
      <span className="md:hidden">{campaign.scheduled_at ? "Start: " : "Starts "}</span>
      <Time at={campaign.start_at} zone={campaign.timezone} />
    </>
  );
}

export function CampaignList({ search }: { search: CampaignSearch }) {
  const campaigns = useCampaigns(search);
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
    return search.q || search.state || search.after || search.before ? (
      <Empty icon={SearchX} title="No campaign matches">
        Try other words, or clear the filters.
      </Empty>
    ) : (
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
          cursor={search}
          hasMore={campaigns.data.has_more}
          rows={campaigns.data.data}
          label="campaigns"
        />
      )}
    </>
  );
}
