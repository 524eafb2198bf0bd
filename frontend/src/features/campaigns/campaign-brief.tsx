import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Badge } from "@/ui/badge";
import { Card, CardHeader } from "@/ui/page";
import { ErrorState, Skeleton } from "@/ui/states";
import { CampaignProgress } from "./campaign-progress";
import { useCampaigns } from "./queries";
import { CAMPAIGN_STATE } from "./status";

const SHOWN = 4;

/** The newest campaigns and how far they are, for the overview. */
export function CampaignBrief({ more }: { more: ReactNode }) {
  const campaigns = useCampaigns({ limit: SHOWN });
  return (
    <Card>
      <CardHeader title="Latest campaigns">{more}</CardHeader>
      {campaigns.isPending && (
        <div className="p-4">
          <Skeleton className="h-10 w-full" />
        </div>
      )}
      {campaigns.isError && !campaigns.data && (
        <ErrorState
          title="The campaigns could not be read"
          error={campaigns.error}
          onRetry={() => campaigns.refetch()}
        />
      )}
      {campaigns.data?.data.length === 0 && <p className="px-4 py-6 text-faint">No campaign yet.</p>}
      <ul className="divide-y divide-line">
        {campaigns.data?.data.map((campaign) => (
          <li key={campaign.id}>
            <Link
              to="/campaigns/$id"
              params={{ id: campaign.id }}
              data-row
              className="block px-4 py-3 hover:bg-raised/60 focus-visible:-outline-offset-2"
            >
              <span className="mb-2 flex items-center justify-between gap-2">
                <span className="truncate font-medium">{campaign.name}</span>
                <Badge {...CAMPAIGN_STATE[campaign.state]} />
              </span>
              <CampaignProgress campaign={campaign} />
            </Link>
          </li>
        ))}
      </ul>
    </Card>
  );
}
