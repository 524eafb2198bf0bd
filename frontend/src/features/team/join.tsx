import type { ReactNode } from "react";
import type { InvitationSeen, User } from "@/api/types";
import { forgetFragment, useFragment } from "@/lib/fragment";
import { Button, buttonClasses } from "@/ui/button";
import { Entrance, Failure } from "@/ui/entrance";
import { ROLES } from "@/ui/role";
import { Skeleton } from "@/ui/states";
import { useAccept, useInvitation } from "./queries";

const KEPT = "paceline-invitation";

interface JoinProps {
  /** Who is signed in; undefined while that is asked, null when nobody is. */
  user: User | null | undefined;
  signOut: () => void;
  /** The ways in for somebody who is not signed in. */
  ways: (invited: { email: string; token: string }) => ReactNode;
}

/** Where an invitation's link leads. */
export function Join({ user, signOut, ways }: JoinProps) {
  const token = useFragment(KEPT);
  const invitation = useInvitation(token);
  if (invitation.isError) {
    return (
      <Entrance title="Join a workspace">
        <Failure>
          {token
            ? invitation.error.message
            : "This link is not whole. Open the one in your invitation again."}
        </Failure>
        <a href="/" className={`${buttonClasses()} mt-5 w-full`}>
          To the dashboard
        </a>
      </Entrance>
    );
  }
  if (!invitation.data || user === undefined) {
    return (
      <Entrance title="Join a workspace">
        <div className="mt-4">
          <Skeleton className="h-9 w-full" />
        </div>
      </Entrance>
    );
  }
  const seen = invitation.data;
  return (
    <Entrance title={`Join ${seen.workspace}`}>
      <p className="mt-1 break-words text-faint">
        <span className="font-medium text-ink">{seen.email}</span> is invited as{" "}
        {ROLES[seen.role].label.toLowerCase()}
        {seen.invited_by && ` by ${seen.invited_by}`}.
      </p>
      <div className="mt-5">
        {user === null && ways({ email: seen.email, token })}
        {user && user.email === seen.email && <Accept token={token} />}
        {user && user.email !== seen.email && <Another user={user} seen={seen} signOut={signOut} />}
      </div>
    </Entrance>
  );
}

function Accept({ token }: { token: string }) {
  const accept = useAccept();
  return (
    <>
      <Button
        variant="primary"
        className="w-full"
        busy={accept.isPending}
        onClick={() =>
          accept.mutate(token, {
            onSuccess: () => {
              forgetFragment(KEPT);
              window.location.assign("/");
            },
          })
        }
      >
        Join the workspace
      </Button>
      {accept.error && <Failure>{accept.error.message}</Failure>}
    </>
  );
}

function Another({ user, seen, signOut }: { user: User; seen: InvitationSeen; signOut: () => void }) {
  return (
    <>
      <p className="break-words text-[0.8125rem] text-soft">
        You are signed in as {user.email}. The invitation is for {seen.email} alone.
      </p>
      <Button className="mt-3 w-full" onClick={signOut}>
        Sign out and use {seen.email}
      </Button>
    </>
  );
}
