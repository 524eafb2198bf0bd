import { MailPlus } from "lucide-react";
import { useState } from "react";
import type { Invitation } from "@/api/types";
import { useNow } from "@/lib/now";
import { Button } from "@/ui/button";
import { Confirm } from "@/ui/dialog";
import { Card, CardHeader } from "@/ui/page";
import { ROLES } from "@/ui/role";
import { Empty, ErrorState, Skeleton } from "@/ui/states";
import { RelativeTime } from "@/ui/time";
import { toast } from "@/ui/toast";
import { useInvitations, useRevokeInvitation } from "./queries";

export function InvitationsCard({ mayManage }: { mayManage: boolean }) {
  const invitations = useInvitations();
  return (
    <Card>
      <CardHeader title="Invitations" />
      {invitations.isPending && (
        <div className="p-4">
          <Skeleton className="h-4 w-1/2" />
        </div>
      )}
      {invitations.isError && (
        <ErrorState
          title="The invitations could not be read"
          error={invitations.error}
          onRetry={() => invitations.refetch()}
        />
      )}
      {invitations.data?.data.length === 0 && (
        <Empty icon={MailPlus} title="No open invitations">
          Whoever is invited stands here until they join.
        </Empty>
      )}
      <ul className="divide-y divide-line">
        {invitations.data?.data.map((invitation) => (
          <InvitationRow key={invitation.id} invitation={invitation} mayManage={mayManage} />
        ))}
      </ul>
    </Card>
  );
}

function InvitationRow({ invitation, mayManage }: { invitation: Invitation; mayManage: boolean }) {
  const [asking, setAsking] = useState(false);
  const revoke = useRevokeInvitation();
  const expired = new Date(invitation.expires_at) <= useNow();
  return (
    <li className="flex flex-wrap items-center gap-x-4 gap-y-1 px-4 py-2.5">
      <div className="min-w-0 grow basis-48">
        <p className="truncate font-medium">{invitation.email}</p>
        <p className="text-[0.8125rem] text-faint">
          {ROLES[invitation.role].label}
          {invitation.invited_by && `, invited by ${invitation.invited_by}`}
        </p>
      </div>
      <p className={`max-sm:grow basis-36 text-[0.8125rem] ${expired ? "text-bad" : "text-faint"}`}>
        {expired ? "Expired" : "Expires"} <RelativeTime at={invitation.expires_at} />
      </p>
      <Button
        variant="quiet"
        size="sm"
        aria-label={`Take back the invitation of ${invitation.email}`}
        rests={mayManage ? null : "Only an owner may take it back."}
        onClick={() => setAsking(true)}
      >
        Take back
      </Button>
      {asking && (
        <Confirm
          title="Take this invitation back?"
          message={`The link for ${invitation.email} stops working.`}
          action="Take back"
          busy={revoke.isPending}
          onConfirm={() =>
            revoke.mutate(invitation.id, {
              onSuccess: () => toast.done("Taken back"),
              onError: (error) => toast.error("Could not take it back", error),
              onSettled: () => setAsking(false),
            })
          }
          onClose={() => setAsking(false)}
        />
      )}
    </li>
  );
}
