import { Laptop, Smartphone } from "lucide-react";
import { useState } from "react";
import type { SessionItem } from "@/api/types";
import { Button } from "@/ui/button";
import { Confirm } from "@/ui/dialog";
import { Card, CardHeader } from "@/ui/page";
import { ErrorState, Skeleton } from "@/ui/states";
import { RelativeTime } from "@/ui/time";
import { toast } from "@/ui/toast";
import { useEndSession, useSessions, useSignOut } from "./queries";

const PHONES = /iPhone|iPad|Android/;

/** Where the person is signed in. */
export function SessionsCard() {
  const sessions = useSessions();
  const [asking, setAsking] = useState(false);
  const signOut = useSignOut();
  return (
    <Card>
      <CardHeader title="Where you are signed in">
        <Button size="sm" onClick={() => setAsking(true)}>
          Sign out everywhere
        </Button>
      </CardHeader>
      {sessions.isPending && (
        <div className="space-y-4 p-4">
          <Skeleton className="h-4 w-1/2" />
          <Skeleton className="h-4 w-2/3" />
        </div>
      )}
      {sessions.isError && (
        <ErrorState
          title="Your sessions could not be read"
          error={sessions.error}
          onRetry={() => sessions.refetch()}
        />
      )}
      {sessions.data && (
        <ul className="divide-y divide-line">
          {sessions.data.data.map((session) => (
            <SessionRow key={session.id} session={session} />
          ))}
        </ul>
      )}
      <p className="border-line border-t px-4 py-2.5 text-faint text-xs">
        A session ends by itself after 14 days without use, and after 30 days in any case.
      </p>
      {asking && (
        <Confirm
          title="Sign out everywhere?"
          message="Every browser where you are signed in is signed out, this one too. API keys go on working."
          action="Sign out everywhere"
          keep="Stay signed in"
          busy={signOut.isPending}
          onConfirm={() =>
            signOut.mutate(true, { onError: (error) => toast.error("Could not sign out", error) })
          }
          onClose={() => setAsking(false)}
        />
      )}
    </Card>
  );
}

function SessionRow({ session }: { session: SessionItem }) {
  const end = useEndSession();
  const Icon = PHONES.test(session.device) ? Smartphone : Laptop;
  return (
    <li className="flex flex-wrap items-center gap-x-4 gap-y-1 px-4 py-2.5">
      <Icon className="size-4.5 shrink-0 text-faint" aria-hidden />
      <div className="min-w-0 grow basis-40">
        <p className="truncate font-medium">{session.device}</p>
        <p className="text-[0.8125rem] text-faint">
          {session.address && <span className="break-all">{session.address} · </span>}
          {session.current ? (
            "this session"
          ) : (
            <>
              last seen <RelativeTime at={session.last_seen_at} />
            </>
          )}
        </p>
      </div>
      {!session.current && (
        <Button
          variant="quiet"
          size="sm"
          busy={end.isPending}
          aria-label={`Sign out ${session.device}`}
          onClick={() =>
            end.mutate(session.id, {
              onSuccess: () => toast.done("Signed out", `${session.device} has to sign in again.`),
              onError: (error) => toast.error("Could not sign it out", error),
            })
          }
        >
          Sign out
        </Button>
      )}
    </li>
  );
}
