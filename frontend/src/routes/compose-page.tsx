import { getRouteApi, Navigate, useNavigate } from "@tanstack/react-router";
import { Eye } from "lucide-react";
import { useMemo } from "react";
import type { Me } from "@/api/types";
import { useCampaign } from "@/features/campaigns/queries";
import { ComposeForm } from "@/features/compose/compose-form";
import { EditForm } from "@/features/compose/edit-form";
import { useList } from "@/features/compose/queries";
import { useSenders } from "@/features/senders/queries";
import { useMe } from "@/features/session/queries";
import { tryOutParts } from "@/features/try-out/for-compose";
import { BackLink } from "@/ui/back-link";
import { useLooksOnly } from "@/ui/looks-only";
import { Card, Page } from "@/ui/page";
import { Empty, ErrorState, Skeleton } from "@/ui/states";

const editing = getRouteApi("/app/campaigns/$id/edit");

export function ComposePage() {
  const navigate = useNavigate();
  const me = useMe();
  const senders = useSenders();
  const tryOut = useTryOut(me.data);
  const looksOnly = useLooksOnly();
  if (!me.data) return null;
  if (looksOnly) {
    return (
      <Page title="Compose">
        <Refused>{looksOnly}</Refused>
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
        tryOut={tryOut}
        onDone={(campaign) => navigate({ to: "/campaigns/$id", params: { id: campaign.id } })}
      />
    </Page>
  );
}

export function EditDraftPage() {
  const { id } = editing.useParams();
  const navigate = useNavigate();
  const me = useMe();
  const campaign = useCampaign(id);
  const list = useList(campaign.data?.import_id ?? null);
  const senders = useSenders();
  const tryOut = useTryOut(me.data);
  const looksOnly = useLooksOnly();
  const failed = [campaign, list, senders].find((query) => query.isError && !query.data);
  const back = <BackLink to="/campaigns/$id" params={{ id }} label="Back to the campaign" />;
  if (failed?.error) {
    return (
      <ErrorState title="The draft could not be read" error={failed.error} onRetry={() => failed.refetch()} />
    );
  }
  if (campaign.data && campaign.data.state !== "draft") {
    return <Navigate to="/campaigns/$id" params={{ id }} replace />;
  }
  return (
    <Page title="Edit draft" back={back}>
      {looksOnly ? (
        <Refused>{looksOnly}</Refused>
      ) : me.data && campaign.data && list.data ? (
        <EditForm
          key={id}
          campaign={campaign.data}
          list={list.data}
          senders={senders.data?.data}
          workspaceZone={me.data.workspace.timezone}
          tryOut={tryOut}
          onSaved={() => navigate({ to: "/campaigns/$id", params: { id } })}
        />
      ) : (
        <Skeleton className="h-96 w-full" />
      )}
    </Page>
  );
}

function Refused({ children }: { children: string }) {
  return (
    <Card>
      <Empty icon={Eye} title={children}>
        Ask an owner to make you a member, then you can schedule mail too.
      </Empty>
    </Card>
  );
}

function useTryOut(me: Me | undefined) {
  const address = me?.user?.email ?? "";
  return useMemo(() => tryOutParts(address), [address]);
}
