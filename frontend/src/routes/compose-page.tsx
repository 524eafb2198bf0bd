import { useNavigate } from "@tanstack/react-router";
import { Eye } from "lucide-react";
import { ComposeForm } from "@/features/compose/compose-form";
import { useSenders } from "@/features/senders/queries";
import { useMe } from "@/features/session/queries";
import { useLooksOnly } from "@/ui/looks-only";
import { Card, Page } from "@/ui/page";
import { Empty, ErrorState } from "@/ui/states";

export function ComposePage() {
  const navigate = useNavigate();
  const me = useMe();
  const senders = useSenders();
  const looksOnly = useLooksOnly();
  if (!me.data) return null;
  if (looksOnly) {
    return (
      <Page title="Compose">
        <Card>
          <Empty icon={Eye} title={looksOnly}>
            Ask an owner to make you a member, then you can schedule mail too.
          </Empty>
        </Card>
      </Page>
    );
  }
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
