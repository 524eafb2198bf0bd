import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Me, User } from "@/api/types";
import { ApiKeys } from "@/features/api-keys/api-keys";
import { Profile } from "@/features/session/profile";
import { useMe } from "@/features/session/queries";
import { SessionsCard } from "@/features/session/sessions-card";
import { InvitationsCard } from "@/features/team/invitations-card";
import { MembersCard } from "@/features/team/members-card";
import { WebhooksCard } from "@/features/webhooks/webhooks-card";
import { WorkspaceCard } from "@/features/workspace/workspace-card";
import { Page } from "@/ui/page";

const TABS = [
  { label: "General", to: "/settings" },
  { label: "Team", to: "/settings/team" },
  { label: "Security", to: "/settings/security" },
] as const;

interface SettingsProps {
  children: (me: Me, user: User) => ReactNode;
}

function Settings({ children }: SettingsProps) {
  const me = useMe();
  return (
    <Page title="Settings" width="narrow">
      <nav aria-label="Settings" className="mb-4 flex gap-1 border-line border-b">
        {TABS.map(({ label, to }) => (
          <Link
            key={to}
            to={to}
            activeOptions={{ exact: true, includeSearch: false }}
            className="-mb-px border-b-2 px-3 py-1.5 font-medium text-[0.8125rem]"
            activeProps={{ className: "border-accent text-ink", "aria-current": "page" }}
            inactiveProps={{ className: "border-transparent text-faint hover:text-ink" }}
          >
            {label}
          </Link>
        ))}
      </nav>
      <div className="space-y-4">{me.data?.user && children(me.data, me.data.user)}</div>
    </Page>
  );
}

export function GeneralPage() {
  return (
    <Settings>
      {(me) => (
        <>
          <Profile me={me} />
          <WorkspaceCard mayChange={me.role === "owner"} />
          <ApiKeys mayManage={me.role === "owner"} />
          <WebhooksCard mayChange={me.role === "owner"} />
        </>
      )}
    </Settings>
  );
}

export function TeamPage() {
  return (
    <Settings>
      {(me, user) => (
        <>
          <MembersCard user={user} workspaceName={me.workspace.name} mayManage={me.role === "owner"} />
          <InvitationsCard mayManage={me.role === "owner"} />
        </>
      )}
    </Settings>
  );
}

export function SecurityPage() {
  return <Settings>{() => <SessionsCard />}</Settings>;
}
