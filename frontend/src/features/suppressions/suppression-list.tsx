import { Link } from "@tanstack/react-router";
import { ShieldCheck } from "lucide-react";
import { useState } from "react";
import type { Suppression, SuppressionFilter } from "@/api/types";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Confirm } from "@/ui/dialog";
import { Pager } from "@/ui/pager";
import { Empty, ErrorState, Skeleton } from "@/ui/states";
import { Time } from "@/ui/time";
import { toast } from "@/ui/toast";
import { useRemoveSuppression, useSuppressions } from "./queries";
import { REASON } from "./reasons";

interface SuppressionListProps {
  filter: SuppressionFilter;
  mayChange: boolean;
}

export function SuppressionList({ filter, mayChange }: SuppressionListProps) {
  const found = useSuppressions(filter);
  if (found.isError && !found.data) {
    return (
      <ErrorState
        title="The suppressions could not be read"
        error={found.error}
        onRetry={() => found.refetch()}
      />
    );
  }
  if (found.data?.data.length === 0) {
    return filter.q || filter.reason ? (
      <Empty icon={ShieldCheck} title="No such address is suppressed" />
    ) : (
      <Empty icon={ShieldCheck} title="Nobody is suppressed">
        Who unsubscribes, and addresses that a server says do not exist, are noted here and get no more mail.
      </Empty>
    );
  }
  return (
    <>
      <ul
        aria-label="Suppressed addresses"
        aria-busy={found.isPending || undefined}
        className="divide-y divide-line"
      >
        {found.isPending && ["1", "2", "3"].map((key) => <Waiting key={key} />)}
        {found.data?.data.map((suppression) => (
          <Row key={suppression.id} suppression={suppression} mayChange={mayChange} />
        ))}
      </ul>
      {found.data && (
        <Pager cursor={filter} hasMore={found.data.has_more} rows={found.data.data} label="suppressions" />
      )}
    </>
  );
}

function Waiting() {
  return (
    <li className="flex items-center gap-4 px-4 py-3.5">
      <Skeleton className="h-4 w-1/3" />
      <Skeleton className="h-4 w-24" />
    </li>
  );
}

function Row({ suppression, mayChange }: { suppression: Suppression; mayChange: boolean }) {
  const [asking, setAsking] = useState(false);
  const remove = useRemoveSuppression();
  const { email, reason, detail, source_id } = suppression;
  function confirm() {
    remove.mutate(suppression.id, {
      onSuccess: () => toast.done("Removed", `Later mail goes to ${email} again.`),
      onError: (error) => toast.error("Could not remove the address", error),
      onSettled: () => setAsking(false),
    });
  }
  return (
    <li className="flex flex-wrap items-center gap-x-4 gap-y-1.5 px-4 py-2.5">
      <div className="min-w-0 grow basis-64">
        <p className="break-words font-medium">{email}</p>
        {detail && <p className="line-clamp-2 break-words text-faint text-xs">{detail}</p>}
      </div>
      <div className="basis-36">
        <Badge {...REASON[reason]} />
      </div>
      <p className="basis-44 text-[0.8125rem] text-faint">
        <Time at={suppression.created_at} />
        {source_id && (
          <>
            {" · "}
            <Link
              to="/emails/$id"
              params={{ id: source_id }}
              className="text-accent underline underline-offset-2"
            >
              message
            </Link>
          </>
        )}
      </p>
      <Button
        variant="quiet"
        size="sm"
        className="ml-auto"
        rests={mayChange ? null : "You may look at this workspace but not change it."}
        onClick={() => setAsking(true)}
        aria-label={`Remove ${email}`}
      >
        Remove
      </Button>
      {asking && (
        <Confirm
          title="Send to this address again?"
          message={
            <>
              <strong className="font-medium text-ink">{email}</strong> {WARNING[reason]} Later mail goes out
              again; what was held back stays as it is.
            </>
          }
          action="Remove"
          busy={remove.isPending}
          onConfirm={confirm}
          onClose={() => setAsking(false)}
        />
      )}
    </li>
  );
}

const WARNING: Record<Suppression["reason"], string> = {
  unsubscribed: "asked for no more mail. Remove it only if its owner has asked you to.",
  complaint: "complained about a message. Remove it only if its owner has asked you to.",
  hard_bounce: "was refused as unknown by its server.",
  manual: "was added by hand.",
};
