import { Link } from "@tanstack/react-router";
import { CircleCheck, type LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import type { Email } from "@/api/types";
import { Badge } from "@/ui/badge";
import { EMAIL_STATUS } from "@/ui/email-status";
import { Card, CardHeader } from "@/ui/page";
import { ErrorState, Skeleton } from "@/ui/states";
import { Time } from "@/ui/time";
import { recipientLabel } from "./email-columns";
import { type EmailFilter, useEmails } from "./queries";
import { WaitingLine } from "./waiting";

interface EmailBriefProps {
  title: string;
  filter: EmailFilter;
  more: ReactNode;
  empty: string;
  emptyIcon?: LucideIcon;
}

/** The first few messages of a list, for the overview. */
export function EmailBrief({ title, filter, more, empty, emptyIcon: Icon = CircleCheck }: EmailBriefProps) {
  const emails = useEmails(filter);
  return (
    <Card>
      <CardHeader title={title}>{more}</CardHeader>
      {emails.isPending && (
        <div className="space-y-4 p-4">
          <Skeleton className="h-4 w-3/4" />
          <Skeleton className="h-4 w-1/2" />
          <Skeleton className="h-4 w-2/3" />
        </div>
      )}
      {emails.isError && !emails.data && (
        <ErrorState
          title="The messages could not be read"
          error={emails.error}
          onRetry={() => emails.refetch()}
        />
      )}
      {emails.data?.data.length === 0 && (
        <p className="flex items-center gap-2 px-4 py-6 text-faint">
          <Icon className="size-4 shrink-0" aria-hidden />
          {empty}
        </p>
      )}
      {emails.data && emails.data.data.length > 0 && (
        <ul className="divide-y divide-line">
          {emails.data.data.map((email) => (
            <Row key={email.id} email={email} />
          ))}
        </ul>
      )}
    </Card>
  );
}

function Row({ email }: { email: Email }) {
  const { label, meaning, ...look } = EMAIL_STATUS[email.status];
  return (
    <li>
      <Link
        to="/emails/$id"
        params={{ id: email.id }}
        data-row
        className="grid grid-cols-[minmax(0,1fr)_auto] gap-x-4 px-4 py-2 hover:bg-raised/60 focus-visible:bg-accent-wash/60 focus-visible:-outline-offset-2"
      >
        <span className="truncate font-medium">{recipientLabel(email)}</span>
        <span className="text-right text-[0.8125rem] text-soft">
          <Time at={email.sent_at ?? email.scheduled_at} seconds />
        </span>
        <span className="truncate text-[0.8125rem] text-faint">{email.subject || "No subject"}</span>
        <span className="flex justify-end">
          {email.waiting_for ? (
            <WaitingLine waiting={email.waiting_for} />
          ) : (
            <Badge {...look} label={label} title={meaning} />
          )}
        </span>
      </Link>
    </li>
  );
}
