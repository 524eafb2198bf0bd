import { getRouteApi } from "@tanstack/react-router";
import { DkimCard } from "@/features/senders/dkim-card";
import { DnsChecks } from "@/features/senders/dns-checks";
import { useSender } from "@/features/senders/queries";
import { SendersPage as Senders } from "@/features/senders/senders-page";
import { useMe } from "@/features/session/queries";
import { browserZone } from "@/lib/time";
import { BackLink } from "@/ui/back-link";
import { Card, Page } from "@/ui/page";
import { ErrorState, Skeleton } from "@/ui/states";

const senders = getRouteApi("/app/senders");
const deliverability = getRouteApi("/app/senders/$id/deliverability");

export function SendersPage() {
  const search = senders.useSearch();
  const navigate = senders.useNavigate();
  const me = useMe();
  return (
    <Senders
      search={search}
      zone={me.data?.workspace.timezone ?? browserZone()}
      onSearch={(next) => navigate({ search: next })}
    />
  );
}

export function DeliverabilityPage() {
  const { id } = deliverability.useParams();
  const sender = useSender(id);
  return (
    <Page title="Deliverability" width="narrow" back={<BackLink to="/senders" label="Senders" />}>
      {sender.isPending ? (
        <Skeleton className="h-72 w-full" />
      ) : sender.isError ? (
        <Card>
          <ErrorState
            title="The sender could not be read"
            error={sender.error}
            onRetry={() => sender.refetch()}
          />
        </Card>
      ) : (
        <>
          <p className="-mt-2 mb-4 break-words text-soft">
            What receivers learn about{" "}
            <strong className="font-medium text-ink">{sender.data.from_email}</strong> before they decide
            between inbox and spam.
          </p>
          {isOwnMachine(sender.data.host) && (
            <p className="mb-4 rounded-md bg-info-wash px-3 py-2 text-[0.8125rem] text-ink">
              This sender hands its mail to a server on Paceline's own machine. If that is the test inbox,
              nobody on the internet gets it, and nothing here has to be mended.
            </p>
          )}
          <DnsChecks sender={sender.data} />
          <DkimCard sender={sender.data} />
        </>
      )}
    </Page>
  );
}

function isOwnMachine(host: string): boolean {
  return host === "localhost" || host === "::1" || host.startsWith("127.");
}
