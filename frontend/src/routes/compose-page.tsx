import { useNavigate } from "@tanstack/react-router";
import { ComposeForm } from "@/features/compose/compose-form";
import { useSenders } from "@/features/senders/queries";
import { useMe } from "@/features/session/queries";
import { Page } from "@/ui/page";
import { ErrorState } from "@/ui/states";

export function ComposePage() {
  const navigate = useNavigate();
  const me = useMe();
  const senders = useSenders();
  if (!me.data) return null;
  if (senders.isError && !senders.data) {
    return (
      <ErrorState
        title="The senders could not be read"
        error={senders.error}
        onRetry={() => senders.refetch()}
      />
    );
  }
  return (
    <Page title="Compose">
      <ComposeForm
        senders={senders.data?.data}
        workspaceZone={me.data.workspace.timezone}
        me={me.data.user?.email ?? ""}
        onScheduled={(campaign) => navigate({ to: "/campaigns/$id", params: { id: campaign.id } })}
      />
    </Page>
  );
}
