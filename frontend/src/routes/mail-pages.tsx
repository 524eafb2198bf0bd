import { getRouteApi } from "@tanstack/react-router";
import { CalendarClock, MailCheck, SearchX } from "lucide-react";
import type { EmailStatus } from "@/api/types";
import { useCampaigns } from "@/features/campaigns/queries";
import { SCHEDULED_COLUMNS, SENT_COLUMNS } from "@/features/emails/email-columns";
import { chosenStatuses, EmailFilters, type EmailSearch } from "@/features/emails/email-filters";
import { EmailList } from "@/features/emails/email-list";
import type { EmailSort } from "@/features/emails/queries";
import { useSenders } from "@/features/senders/queries";
import { ComposeLink } from "@/ui/compose-link";
import { ENDED_STATUSES, OUTCOME_STATUSES, PENDING_STATUSES, WAITING_STATUSES } from "@/ui/email-status";
import { Card, Page } from "@/ui/page";
import { Empty } from "@/ui/states";

const scheduled = getRouteApi("/app/scheduled");
const sent = getRouteApi("/app/sent");

export function ScheduledPage() {
  const search = scheduled.useSearch();
  const navigate = scheduled.useNavigate();
  return (
    <MailPage
      title="Scheduled"
      search={search}
      kind="scheduled"
      onChange={(change) =>
        navigate({ search: (old) => ({ ...old, after: undefined, before: undefined, ...change }) })
      }
    />
  );
}

export function SentPage() {
  const search = sent.useSearch();
  const navigate = sent.useNavigate();
  return (
    <MailPage
      title="Sent"
      search={search}
      kind="sent"
      onChange={(change) =>
        navigate({ search: (old) => ({ ...old, after: undefined, before: undefined, ...change }) })
      }
    />
  );
}

const KINDS = {
  scheduled: { shown: WAITING_STATUSES, choices: PENDING_STATUSES, columns: SCHEDULED_COLUMNS },
  sent: { shown: OUTCOME_STATUSES, choices: ["attention", ...ENDED_STATUSES], columns: SENT_COLUMNS },
} as const;

/** The orders in which these statuses can be listed, the likeliest first. */
function sortsOf(statuses: readonly EmailStatus[]): readonly [EmailSort, ...EmailSort[]] {
  if (areAll(statuses, WAITING_STATUSES)) return ["scheduled_at", "created_at"];
  if (areAll(statuses, ENDED_STATUSES)) return ["sent_at", "created_at"];
  return ["created_at"];
}

function areAll(statuses: readonly EmailStatus[], known: readonly EmailStatus[]): boolean {
  return statuses.every((status) => known.includes(status));
}

interface MailPageProps {
  title: string;
  kind: keyof typeof KINDS;
  search: EmailSearch;
  onChange: (change: EmailSearch) => void;
}

function MailPage({ title, kind, search, onChange }: MailPageProps) {
  const campaigns = useCampaigns({ limit: 100 });
  const senders = useSenders();
  const { shown, choices, columns } = KINDS[kind];
  const status = chosenStatuses(search.status, shown);
  const sorts = sortsOf(status);
  const { q, campaign, sender, tag, after, before } = search;
  const filtered = q || search.status || campaign || sender || tag || after || before;
  return (
    <Page title={title}>
      <Card>
        <EmailFilters
          search={search}
          statuses={choices}
          campaigns={campaigns.data?.data ?? []}
          senders={senders.data?.data ?? []}
          sorts={sorts}
          onChange={onChange}
        />
        <EmailList
          label={`${title} messages`}
          columns={columns}
          filter={{
            status,
            sort: sorts.find((sort) => sort === search.sort) ?? sorts[0],
            q,
            tag,
            campaign_id: campaign,
            sender_id: sender,
            after,
            before,
          }}
          empty={
            filtered ? (
              <Empty icon={SearchX} title="No message matches">
                Try other words, or clear the filters.
              </Empty>
            ) : kind === "scheduled" ? (
              <Empty icon={CalendarClock} title="Nothing is waiting" action={<ComposeLink />}>
                Mail that is scheduled stands here until it leaves.
              </Empty>
            ) : (
              <Empty icon={MailCheck} title="Nothing was sent yet" action={<ComposeLink />}>
                What leaves shows here at once, with the server's answer.
              </Empty>
            )
          }
        />
      </Card>
    </Page>
  );
}
