import { getRouteApi } from "@tanstack/react-router";
import { ApiKeys } from "@/features/api-keys/api-keys";
import { SendersPage as Senders } from "@/features/senders/senders-page";
import { Profile } from "@/features/session/profile";
import { useMe } from "@/features/session/queries";
import { WebhooksCard } from "@/features/webhooks/webhooks-card";
import { WorkspaceCard } from "@/features/workspace/workspace-card";
import { browserZone } from "@/lib/time";
import { Page } from "@/ui/page";

const senders = getRouteApi("/app/senders");

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

export function SettingsPage() {
  const me = useMe();
  return (
    <Page title="Settings" width="narrow">
      <div className="space-y-4">
        {me.data && <Profile me={me.data} />}
        {me.data && <WorkspaceCard mayChange={me.data.role === "owner"} />}
        <ApiKeys />
        <WebhooksCard mayChange={me.data?.role === "owner"} />
      </div>
    </Page>
  );
}
