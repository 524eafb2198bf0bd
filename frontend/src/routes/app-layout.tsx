import { type LinkProps, Outlet, useLocation, useNavigate, useRouter } from "@tanstack/react-router";
import {
  CalendarClock,
  LayoutDashboard,
  LayoutTemplate,
  MailCheck,
  Megaphone,
  Server,
  Settings,
  ShieldBan,
} from "lucide-react";
import { useEffect, useState } from "react";
import { ApiError } from "@/api/client";
import { startLive } from "@/api/live";
import { queryClient } from "@/api/query-client";
import { AccountMenu } from "@/features/session/account-menu";
import { followOtherTabs, useMe } from "@/features/session/queries";
import { moveRow, selectRow, useShortcuts } from "@/lib/keyboard";
import { ComposeLink } from "@/ui/compose-link";
import { LiveMark } from "@/ui/live-mark";
import { LooksOnly } from "@/ui/looks-only";
import { Shell } from "@/ui/shell";
import { ShortcutsHelp } from "@/ui/shortcuts-help";
import { type NavGroup, Sidebar } from "@/ui/sidebar";
import { ErrorState } from "@/ui/states";
import { Pending } from "./pending";

const NAVIGATION: readonly NavGroup[] = [
  { label: null, items: [{ label: "Overview", icon: LayoutDashboard, to: "/", exact: true }] },
  {
    label: "Mail",
    items: [
      { label: "Scheduled", icon: CalendarClock, to: "/scheduled" },
      { label: "Sent", icon: MailCheck, to: "/sent" },
      { label: "Campaigns", icon: Megaphone, to: "/campaigns" },
      { label: "Templates", icon: LayoutTemplate, to: "/templates" },
    ],
  },
  {
    label: "Set-up",
    items: [
      { label: "Senders", icon: Server, to: "/senders" },
      { label: "Suppressions", icon: ShieldBan, to: "/suppressions" },
      { label: "Settings", icon: Settings, to: "/settings" },
    ],
  },
];

/** Everything behind the sign-in. */
export function AppLayout() {
  const me = useMe();
  const location = useLocation();
  const signedIn = me.data?.user != null;

  useEffect(() => {
    if (signedIn) return startLive(queryClient);
  }, [signedIn]);

  useEffect(followOtherTabs, []);
  usePagesAtHand(signedIn);

  if (me.isError && me.error instanceof ApiError && me.error.status === 401) {
    return <ToSignIn from={location.href} />;
  }
  if (me.data?.user) {
    const { user, workspace, role } = me.data;
    const looksOnly = role === "viewer" ? "You may look at this workspace but not change it." : null;
    return (
      <LooksOnly value={looksOnly}>
        <Shell
          location={location.pathname}
          sidebar={<Sidebar groups={NAVIGATION} inboxUrl={me.data.inbox_url} />}
          header={
            <>
              <span className="hidden truncate text-faint text-[0.8125rem] sm:block">{workspace.name}</span>
              <div className="ml-auto flex items-center gap-3">
                <span className="lg:hidden">
                  <ComposeLink size="sm" />
                </span>
                <LiveMark />
                <AccountMenu user={user} confined={me.data.confined} />
              </div>
            </>
          }
        >
          <Shortcuts />
          <Outlet />
        </Shell>
      </LooksOnly>
    );
  }
  if (me.isError)
    return <ErrorState title="Paceline could not start" error={me.error} onRetry={() => me.refetch()} />;
  return (
    <Shell location={location.pathname} sidebar={null} header={null}>
      <Pending />
    </Shell>
  );
}

/** Where people go next: their code is loaded while nothing else happens. */
const NEAR: readonly LinkProps["to"][] = ["/compose", "/scheduled", "/emails/$id", "/campaigns", "/senders"];

function usePagesAtHand(signedIn: boolean) {
  const router = useRouter();
  useEffect(() => {
    if (!signedIn) return;
    const load = () => {
      for (const to of NEAR)
        router.loadRouteChunk(router.routesByPath[to as keyof typeof router.routesByPath]);
    };
    if (!("requestIdleCallback" in window)) return;
    const waiting = window.requestIdleCallback(load, { timeout: 5_000 });
    return () => window.cancelIdleCallback(waiting);
  }, [signedIn, router]);
}

/** Goes to the sign-in page and remembers where to return: the place as it was at first, not while it changes. */
function ToSignIn({ from }: { from: string }) {
  const navigate = useNavigate();
  const [next] = useState(from === "/" ? undefined : from);
  useEffect(() => {
    navigate({ to: "/sign-in", search: { next }, replace: true });
  }, [navigate, next]);
  return null;
}

function Shortcuts() {
  const navigate = useNavigate();
  const [helping, setHelping] = useState(false);
  useShortcuts({
    c: () => navigate({ to: "/compose" }),
    "/": () => document.querySelector<HTMLInputElement>("[data-search]")?.focus(),
    j: () => moveRow(1),
    k: () => moveRow(-1),
    x: selectRow,
    "?": () => setHelping(true),
  });
  return helping && <ShortcutsHelp onClose={() => setHelping(false)} />;
}
