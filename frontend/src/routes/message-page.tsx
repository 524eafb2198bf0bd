import { getRouteApi } from "@tanstack/react-router";
import { useCampaign } from "@/features/campaigns/queries";
import { MessageView } from "@/features/emails/message-view";
import { useEmail } from "@/features/emails/queries";
import { BackLink } from "@/ui/back-link";
import { PENDING_STATUSES } from "@/ui/email-status";
import { Page } from "@/ui/page";
import { ErrorState, Skeleton } from "@/ui/states";

const route = getRouteApi("/app/emails/$id");

export function MessagePage() {
  const { id } = route.useParams();
  const { part } = route.useSearch();
  const navigate = route.useNavigate();
  const email = useEmail(id);
  const campaign = useCampaign(email.data?.campaign_id ?? null);
  if (email.isPending) {
    return (
      <Page title="Message">
        <Skeleton className="h-72 w-full" />
      </Page>
    );
  }
  if (email.isError) {
    return (
      <ErrorState title="The message could not be read" error={email.error} onRetry={() => email.refetch()} />
    );
  }
  const waiting = PENDING_STATUSES.some((status) => status === email.data.status);
  return (
    <MessageView
      email={email.data}
      part={part}
      onPart={(next) => navigate({ search: { part: next }, replace: true })}
      campaign={campaign.data ?? null}
      back={<BackLink to={waiting ? "/scheduled" : "/sent"} label={waiting ? "Scheduled" : "Sent"} />}
    />
  );
}
