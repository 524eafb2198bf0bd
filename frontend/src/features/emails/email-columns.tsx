import { ExternalLink as ExternalIcon } from "lucide-react";
import type { Email } from "@/api/types";
import { displayAddress } from "@/lib/addresses";
import { Badge } from "@/ui/badge";
import { ExternalLink } from "@/ui/button";
import { EMAIL_STATUS } from "@/ui/email-status";
import type { Column } from "@/ui/table";
import { Time } from "@/ui/time";
import { CancelEmail } from "./cancel-email";
import { WaitingLine } from "./waiting";

export function recipientLabel(email: Email): string {
  const more = othersOf(email);
  return more > 0 ? `${firstOf(email)} +${more}` : firstOf(email);
}

function firstOf(email: Email): string {
  return displayAddress(email.to[0] ?? "").email;
}

function othersOf(email: Email): number {
  return email.to.length + email.cc.length + email.bcc.length - 1;
}

const recipient: Column<Email> = {
  header: "Email",
  card: "title",
  className: "md:w-[28%] xl:w-[24%]",
  cell: (email) => (
    <span className="flex gap-1.5" title={[...email.to, ...email.cc, ...email.bcc].join(", ")}>
      <span className="truncate">{firstOf(email)}</span>
      {othersOf(email) > 0 && <span className="shrink-0 text-faint">+{othersOf(email)}</span>}
    </span>
  ),
};

const subject: Column<Email> = {
  header: "Subject",
  className: "md:w-auto",
  cell: (email) => (
    <span className="block truncate text-soft" title={email.subject}>
      {email.subject || <em className="text-faint">No subject</em>}
    </span>
  ),
};

export const SCHEDULED_COLUMNS: readonly Column<Email>[] = [
  recipient,
  subject,
  {
    header: "Scheduled time",
    card: "meta",
    className: "md:w-40",
    cellClass: "text-[0.8125rem] text-soft",
    cell: (email) => <Time at={email.scheduled_at} seconds />,
  },
  {
    header: "Status",
    card: "meta",
    className: "md:w-48 xl:w-80",
    cell: (email) => (
      <span className="flex min-w-0 items-center gap-2">
        <Badge {...EMAIL_STATUS[email.status]} title={EMAIL_STATUS[email.status].meaning} />
        {email.waiting_for && <WaitingLine waiting={email.waiting_for} />}
      </span>
    ),
  },
  {
    header: "Actions",
    hideHeader: true,
    card: "corner",
    className: "md:w-22 xl:w-24 md:text-right",
    cell: (email) => <CancelEmail email={email} compact />,
  },
];

export const SENT_COLUMNS: readonly Column<Email>[] = [
  recipient,
  subject,
  {
    header: "Sent time",
    card: "meta",
    className: "md:w-40",
    cellClass: "text-[0.8125rem] text-soft",
    cell: (email) =>
      email.sent_at ? <Time at={email.sent_at} seconds /> : <span className="text-faint">Not sent</span>,
  },
  {
    header: "Status",
    card: "meta",
    className: "md:w-48 xl:w-80",
    cell: (email) => (
      <span className="flex min-w-0 items-center gap-2">
        <Badge {...EMAIL_STATUS[email.status]} title={EMAIL_STATUS[email.status].meaning} />
        {email.status !== "sent" && email.last_reply && (
          <span className="truncate text-faint text-xs" title={email.last_reply}>
            {email.last_reply}
          </span>
        )}
      </span>
    ),
  },
  {
    header: "Preview",
    hideHeader: true,
    card: "corner",
    className: "md:w-22 xl:w-24 md:text-right",
    cell: (email) =>
      email.preview_url && (
        <ExternalLink
          href={email.preview_url}
          variant="quiet"
          size="sm"
          className="relative z-10"
          aria-label={`Preview of the message to ${recipientLabel(email)}`}
        >
          Preview
          <ExternalIcon className="size-3.5" aria-hidden />
        </ExternalLink>
      ),
  },
];

/** A campaign's messages in every state: when each is due or left, and what became of it. */
export const CAMPAIGN_COLUMNS: readonly Column<Email>[] = [
  recipient,
  {
    header: "Time",
    card: "meta",
    className: "md:w-52",
    cellClass: "text-[0.8125rem] text-soft",
    cell: (email) => <Time at={email.sent_at ?? email.scheduled_at} seconds />,
  },
  {
    header: "Status",
    card: "meta",
    className: "md:w-auto",
    cell: (email) => (
      <span className="flex min-w-0 items-center gap-2">
        <Badge {...EMAIL_STATUS[email.status]} title={EMAIL_STATUS[email.status].meaning} />
        {email.waiting_for && <WaitingLine waiting={email.waiting_for} />}
        {email.status !== "sent" && email.last_reply && (
          <span className="truncate text-faint text-xs" title={email.last_reply}>
            {email.last_reply}
          </span>
        )}
      </span>
    ),
  },
  SCHEDULED_COLUMNS[SCHEDULED_COLUMNS.length - 1] as Column<Email>,
];
