import { UserPlus } from "lucide-react";
import { useState } from "react";
import type { Member, User } from "@/api/types";
import { Avatar } from "@/ui/avatar";
import { Button } from "@/ui/button";
import { Confirm } from "@/ui/dialog";
import { Select } from "@/ui/field";
import { Card, CardHeader } from "@/ui/page";
import { ROLE_NAMES, ROLES, readRole } from "@/ui/role";
import { ErrorState, Skeleton } from "@/ui/states";
import { RelativeTime } from "@/ui/time";
import { toast } from "@/ui/toast";
import { InviteDialog } from "./invite-dialog";
import { useChangeRole, useLeave, useMembers, useRemoveMember } from "./queries";

interface MembersCardProps {
  user: User;
  workspaceName: string;
  mayManage: boolean;
}

/** Who belongs to the workspace. Owners change roles here and take people out. */
export function MembersCard({ user, workspaceName, mayManage }: MembersCardProps) {
  const members = useMembers();
  const [inviting, setInviting] = useState(false);
  const all = members.data?.data ?? [];
  return (
    <Card>
      <CardHeader title="People">
        <Button
          size="sm"
          icon={<UserPlus className="size-4" aria-hidden />}
          rests={mayManage ? null : "Only an owner may invite people."}
          onClick={() => setInviting(true)}
        >
          Invite
        </Button>
      </CardHeader>
      {members.isPending && (
        <div className="space-y-4 p-4">
          <Skeleton className="h-7 w-1/2" />
          <Skeleton className="h-7 w-2/3" />
        </div>
      )}
      {members.isError && (
        <ErrorState
          title="The people could not be read"
          error={members.error}
          onRetry={() => members.refetch()}
        />
      )}
      <ul className="divide-y divide-line">
        {all.map((member) => (
          <MemberRow
            key={member.id}
            member={member}
            isSelf={member.id === user.id}
            workspaceName={workspaceName}
            mayManage={mayManage}
          />
        ))}
      </ul>
      {inviting && <InviteDialog onClose={() => setInviting(false)} />}
    </Card>
  );
}

interface MemberRowProps {
  member: Member;
  isSelf: boolean;
  workspaceName: string;
  mayManage: boolean;
}

function MemberRow({ member, isSelf, workspaceName, mayManage }: MemberRowProps) {
  const [asking, setAsking] = useState(false);
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-2 px-4 py-2.5">
      <Avatar name={member.name} email={member.email} url={member.avatar_url} />
      <div className="min-w-0 grow basis-48">
        <p className="truncate font-medium">
          {member.name || member.email}
          {isSelf && <span className="font-normal text-faint"> (you)</span>}
        </p>
        <p className="truncate text-[0.8125rem] text-faint">{member.email}</p>
      </div>
      <p className="text-[0.8125rem] text-faint max-sm:basis-full max-sm:pl-10 sm:w-36">
        {member.last_seen_at ? (
          <>
            Seen <RelativeTime at={member.last_seen_at} />
          </>
        ) : (
          "Not seen yet"
        )}
      </p>
      <RoleChoice member={member} mayManage={mayManage} />
      {isSelf ? (
        <Button variant="quiet" size="sm" className="w-18" onClick={() => setAsking(true)}>
          Leave
        </Button>
      ) : (
        <Button
          variant="quiet"
          size="sm"
          className="w-18"
          aria-label={`Remove ${member.name || member.email}`}
          rests={mayManage ? null : "Only an owner may remove people."}
          onClick={() => setAsking(true)}
        >
          Remove
        </Button>
      )}
      {asking && isSelf && (
        <LeaveDialog member={member} workspaceName={workspaceName} onClose={() => setAsking(false)} />
      )}
      {asking && !isSelf && <RemoveDialog member={member} onClose={() => setAsking(false)} />}
    </li>
  );
}

function RoleChoice({ member, mayManage }: { member: Member; mayManage: boolean }) {
  const change = useChangeRole();
  if (!mayManage) return <p className="w-28 max-sm:ml-10 text-[0.8125rem]">{ROLES[member.role].label}</p>;
  return (
    <Select
      className="w-28 max-sm:ml-10"
      aria-label={`Role of ${member.name || member.email}`}
      title={ROLES[member.role].may}
      value={change.isPending ? change.variables.role : member.role}
      disabled={change.isPending}
      onChange={(event) =>
        change.mutate(
          { id: member.id, role: readRole(event.target.value) },
          {
            onSuccess: (saved) =>
              toast.done("Role changed", `${saved.name || saved.email}: ${ROLES[saved.role].label}.`),
            onError: (error) => toast.error("Could not change the role", error),
          },
        )
      }
    >
      {ROLE_NAMES.map((role) => (
        <option key={role} value={role}>
          {ROLES[role].label}
        </option>
      ))}
    </Select>
  );
}

function keysEnd(count: number, whose: string): string {
  if (count === 0) return "";
  return count === 1
    ? ` The API key that ${whose} made stops working.`
    : ` The ${count} API keys that ${whose} made stop working.`;
}

function RemoveDialog({ member, onClose }: { member: Member; onClose: () => void }) {
  const remove = useRemoveMember();
  const name = member.name || member.email;
  return (
    <Confirm
      title={`Remove ${name}?`}
      message={`They are signed out of this workspace at once.${keysEnd(member.api_keys, "they")} Mail that they scheduled stays.`}
      action="Remove"
      keep="Keep them"
      busy={remove.isPending}
      onConfirm={() =>
        remove.mutate(member.id, {
          onSuccess: () => toast.done("Removed", `${name} is no longer in this workspace.`),
          onError: (error) => toast.error("Could not remove them", error),
          onSettled: onClose,
        })
      }
      onClose={onClose}
    />
  );
}

function LeaveDialog({
  member,
  workspaceName,
  onClose,
}: {
  member: Member;
  workspaceName: string;
  onClose: () => void;
}) {
  const leave = useLeave();
  return (
    <Confirm
      title={`Leave ${workspaceName}?`}
      message={`You lose access to it until somebody invites you again.${keysEnd(member.api_keys, "you")} Mail that you scheduled stays.`}
      action="Leave"
      keep="Stay"
      busy={leave.isPending}
      onConfirm={() =>
        leave.mutate(undefined, {
          onError: (error) => toast.error("Could not leave", error),
          onSettled: onClose,
        })
      }
      onClose={onClose}
    />
  );
}
