import { Link, type LinkProps } from "@tanstack/react-router";
import { CampaignBrief } from "@/features/campaigns/campaign-brief";
import { useCampaigns } from "@/features/campaigns/queries";
import { EmailBrief } from "@/features/emails/email-brief";
import { Attention } from "@/features/overview/attention";
import { Figures } from "@/features/overview/figures";
import { FirstSteps } from "@/features/overview/first-steps";
import { useStats } from "@/features/overview/queries";
import { SenderLoads } from "@/features/overview/sender-loads";
import { SentHours } from "@/features/overview/sent-hours";
import { useSenders } from "@/features/senders/queries";
import { useMe } from "@/features/session/queries";
import { WebhookNotice } from "@/features/webhooks/notice";
import { WAITING_STATUSES } from "@/ui/email-status";
import { Page } from "@/ui/page";

const SHOWN = 5;

export function OverviewPage() {
  return (
    <Page title="Overview">
      <WebhookNotice />
      <Welcome />
      <div className="grid gap-4 lg:grid-cols-2">
        <div className="lg:col-span-2">
          <Figures />
        </div>
        <div className="lg:col-span-2">
          <SentHours />
        </div>
        <div className="min-w-0 space-y-4">
          <Attention
            more={<More to="/sent" search={{ status: "attention" }} label="All that need a look" />}
          />
          <EmailBrief
            title="Next due"
            filter={{ status: WAITING_STATUSES, sort: "scheduled_at", limit: SHOWN }}
            more={<More to="/scheduled" label="All scheduled" />}
            empty="Nothing is waiting."
          />
        </div>
        <div className="min-w-0 space-y-4">
          <CampaignBrief more={<More to="/campaigns" label="All campaigns" />} />
          <SenderLoads more={<More to="/senders" label="All senders" />} />
        </div>
      </div>
    </Page>
  );
}

/** The first steps, as far as they are not taken. */
function Welcome() {
  const me = useMe();
  const stats = useStats();
  const senders = useSenders();
  const campaigns = useCampaigns({ limit: 4 });
  if (!me.data) return null;
  const inbox = me.data.inbox_url;
  return (
    <FirstSteps
      workspaceId={me.data.workspace.id}
      steps={
        stats.data &&
        senders.data &&
        campaigns.data && [
          {
            title: "Send a test",
            text: inbox ? (
              <>
                To any address: it goes to the{" "}
                <a href={inbox} target="_blank" rel="noreferrer" className="text-accent underline">
                  test inbox
                </a>{" "}
                and never leaves this machine.
              </>
            ) : (
              "Write a message and send it to yourself, now or in a minute."
            ),
            done: stats.data.sent > 0,
            action: "Write a message",
            to: "/compose",
          },
          {
            title: "Connect a mailbox",
            text: "Google Workspace, Microsoft 365, SES or any SMTP server, with its limits. The connection is tested step by step.",
            done: isConnected(senders.data.data, inbox !== null),
            action: "Add a sender",
            to: "/senders",
            search: { add: true },
          },
          {
            title: "Import recipients",
            text: "Drop a CSV or paste addresses. The forecast says when the last one leaves before you press Schedule.",
            done: campaigns.data.data.some(({ recipient_count }) => recipient_count > 1),
            action: "Start a campaign",
            to: "/compose",
          },
        ]
      }
    />
  );
}

/** Whether there is a sender beside the one of the test inbox; a relay may well stand on the same machine. */
function isConnected(senders: readonly { host: string }[], hasInbox: boolean): boolean {
  return senders.length > (hasInbox ? 1 : 0) || senders.some(({ host }) => !LOCAL.has(host));
}

const LOCAL = new Set(["127.0.0.1", "localhost", "::1"]);

interface MoreProps extends Pick<LinkProps, "to" | "search"> {
  label: string;
}

function More({ to, search, label }: MoreProps) {
  return (
    <Link to={to} search={search} className="rounded text-accent text-xs hover:underline">
      {label}
    </Link>
  );
}
