import { getRouteApi } from "@tanstack/react-router";
import { Inbox } from "lucide-react";
import { CampaignActions } from "@/features/campaigns/campaign-actions";
import { CampaignEta } from "@/features/campaigns/campaign-eta";
import { CampaignList } from "@/features/campaigns/campaign-list";
import { CampaignSummary } from "@/features/campaigns/campaign-summary";
import { useCampaign } from "@/features/campaigns/queries";
import { CAMPAIGN_STATE, isUnderWay } from "@/features/campaigns/status";
import { CAMPAIGN_COLUMNS } from "@/features/emails/email-columns";
import { chosenStatuses, EmailFilters } from "@/features/emails/email-filters";
import { EmailList } from "@/features/emails/email-list";
import { useSenders } from "@/features/senders/queries";
import { BackLink } from "@/ui/back-link";
import { Badge } from "@/ui/badge";
import { ComposeLink } from "@/ui/compose-link";
import { EMAIL_STATUSES } from "@/ui/email-status";
import { Card, Page } from "@/ui/page";
import { Empty, ErrorState, Skeleton } from "@/ui/states";

const list = getRouteApi("/app/campaigns");
const detail = getRouteApi("/app/campaigns/$id");

export function CampaignsPage() {
  const cursor = list.useSearch();
  return (
    <Page title="Campaigns" actions={<ComposeLink label="New campaign" />}>
      <Card>
        <CampaignList cursor={cursor} />
      </Card>
    </Page>
  );
}

export function CampaignPage() {
  const { id } = detail.useParams();
  const search = detail.useSearch();
  const navigate = detail.useNavigate();
  const campaign = useCampaign(id);
  const senders = useSenders();
  if (campaign.isPending) {
    return (
      <Page title="Campaign">
        <Skeleton className="h-40 w-full" />
      </Page>
    );
  }
  if (campaign.isError) {
    return (
      <ErrorState
        title="The campaign could not be read"
        error={campaign.error}
        onRetry={() => campaign.refetch()}
      />
    );
  }
  return (
    <Page
      title={campaign.data.name}
      beside={<Badge {...CAMPAIGN_STATE[campaign.data.state]} />}
      back={<BackLink to="/campaigns" label="Campaigns" />}
      actions={
        <CampaignActions
          campaign={campaign.data}
          onDuplicated={(copy) => navigate({ to: "/campaigns/$id", params: { id: copy }, search: {} })}
        />
      }
    >
      <CampaignSummary campaign={campaign.data} senders={senders.data?.data ?? []} />
      {isUnderWay(campaign.data.state) && <CampaignEta campaign={campaign.data} />}
      <Card>
        <EmailFilters
          search={search}
          statuses={["attention", ...EMAIL_STATUSES]}
          campaigns={[]}
          senders={[]}
          onChange={(change) =>
            navigate({ search: (old) => ({ ...old, after: undefined, before: undefined, ...change }) })
          }
        />
        <EmailList
          label="Messages of the campaign"
          columns={CAMPAIGN_COLUMNS}
          filter={{
            status: chosenStatuses(search.status, []),
            campaign_id: id,
            q: search.q,
            after: search.after,
            before: search.before,
          }}
          empty={
            campaign.data.state === "draft" ? (
              <Empty icon={Inbox} title="Not scheduled yet">
                Its messages stand here once the campaign is scheduled.
              </Empty>
            ) : (
              <Empty icon={Inbox} title="No message here" />
            )
          }
        />
      </Card>
    </Page>
  );
}
