import { getRouteApi } from "@tanstack/react-router";
import { Inbox, SearchX } from "lucide-react";
import { CampaignActions } from "@/features/campaigns/campaign-actions";
import { CampaignEta } from "@/features/campaigns/campaign-eta";
import { CampaignFacts } from "@/features/campaigns/campaign-facts";
import { CampaignFilters } from "@/features/campaigns/campaign-filters";
import { CampaignList } from "@/features/campaigns/campaign-list";
import { CampaignSummary } from "@/features/campaigns/campaign-summary";
import { useCampaign } from "@/features/campaigns/queries";
import { CAMPAIGN_STATE, isUnderWay } from "@/features/campaigns/status";
import { CAMPAIGN_COLUMNS } from "@/features/emails/email-columns";
import { chosenStatuses, EmailFilters } from "@/features/emails/email-filters";
import { EmailList } from "@/features/emails/email-list";
import { useSenders } from "@/features/senders/queries";
import { useMe } from "@/features/session/queries";
import { MessageCard } from "@/features/try-out/message-card";
import { PreviewButton } from "@/features/try-out/preview-button";
import { classes } from "@/lib/classes";
import { BackLink } from "@/ui/back-link";
import { Badge } from "@/ui/badge";
import { ComposeLink } from "@/ui/compose-link";
import { EMAIL_STATUSES } from "@/ui/email-status";
import { Card, Page } from "@/ui/page";
import { Empty, ErrorState, Skeleton } from "@/ui/states";

const list = getRouteApi("/app/campaigns");
const detail = getRouteApi("/app/campaigns/$id");

export function CampaignsPage() {
  const search = list.useSearch();
  const navigate = list.useNavigate();
  return (
    <Page title="Campaigns" actions={<ComposeLink label="New campaign" />}>
      <Card>
        <CampaignFilters
          search={search}
          onChange={(change) =>
            navigate({ search: (old) => ({ ...old, after: undefined, before: undefined, ...change }) })
          }
        />
        <CampaignList search={search} />
      </Card>
    </Page>
  );
}

export function CampaignPage() {
  const { id } = detail.useParams();
  const navigate = detail.useNavigate();
  const campaign = useCampaign(id);
  const senders = useSenders();
  const me = useMe();
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
  const { data } = campaign;
  const isDraft = data.state === "draft";
  const hasMail = data.scheduled_at !== null; // a draft has none, nor has one that was discarded
  return (
    <Page
      title={data.name}
      beside={<Badge {...CAMPAIGN_STATE[data.state]} />}
      back={<BackLink to="/campaigns" label="Campaigns" />}
      actions={
        <CampaignActions
          campaign={data}
          onDuplicated={(copy) => navigate({ to: "/campaigns/$id", params: { id: copy }, search: {} })}
        />
      }
    >
      <div className="grid gap-4 lg:grid-cols-[minmax(0,1fr)_24rem] lg:items-start">
        <div className={classes("min-w-0 space-y-4", !hasMail && "max-lg:order-last")}>
          {!hasMail ? (
            <MessageCard tried={{ campaign: id }} me={me.data?.user?.email ?? ""} />
          ) : (
            <CampaignSummary campaign={data} />
          )}
          {hasMail && isUnderWay(data.state) && (
            <CampaignEta campaign={data} senders={senders.data?.data ?? []} />
          )}
        </div>
        <div className="min-w-0 space-y-4">
          <CampaignFacts
            campaign={data}
            senders={senders.data?.data ?? []}
            actions={hasMail && <PreviewButton tried={{ campaign: id }} />}
          />
          {isDraft && <CampaignEta campaign={data} senders={senders.data?.data ?? []} />}
        </div>
      </div>
      {hasMail && <Messages id={id} />}
    </Page>
  );
}

function Messages({ id }: { id: string }) {
  const search = detail.useSearch();
  const navigate = detail.useNavigate();
  return (
    <Card className="mt-4">
      <EmailFilters
        search={search}
        statuses={["attention", ...EMAIL_STATUSES]}
        campaigns={[]}
        senders={[]}
        sorts={["created_at"]}
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
          search.q || search.status ? (
            <Empty icon={SearchX} title="No message matches">
              Try other words, or clear the filters.
            </Empty>
          ) : (
            <Empty icon={Inbox} title="No message here" />
          )
        }
      />
    </Card>
  );
}
