import { Link, type LinkProps } from "@tanstack/react-router";
import { BookOpen, ExternalLink as ExternalIcon, type LucideIcon, PenLine } from "lucide-react";
import type { ReactNode } from "react";
import { classes } from "@/lib/classes";
import { buttonClasses } from "./button";
import { Kbd } from "./kbd";
import { useLooksOnly } from "./looks-only";

export interface NavItem {
  readonly label: string;
  readonly icon: LucideIcon;
  readonly to: LinkProps["to"];
  readonly exact?: boolean;
}

export interface NavGroup {
  readonly label: string | null;
  readonly items: readonly NavItem[];
}

const ITEM =
  "flex h-8 items-center gap-2.5 rounded-md px-2.5 font-medium text-[0.8125rem] transition-colors focus-visible:-outline-offset-1";

export function Sidebar({ groups, inboxUrl }: { groups: readonly NavGroup[]; inboxUrl: string | null }) {
  const looksOnly = useLooksOnly();
  return (
    <nav aria-label="Main" className="flex min-h-0 flex-1 flex-col overflow-y-auto px-3 pb-4">
      {!looksOnly && (
        <Link
          to="/compose"
          className={classes(buttonClasses({ variant: "primary" }), "mt-1 mb-4 w-full justify-between!")}
        >
          <span className="flex items-center gap-2">
            <PenLine className="size-4" aria-hidden />
            Compose
          </span>
          <Kbd>C</Kbd>
        </Link>
      )}
      {groups.map((group) => (
        <div key={group.label} className="mb-4">
          {group.label && <p className="mb-1 px-2.5 font-medium text-faint text-xs">{group.label}</p>}
          <ul className="space-y-0.5">
            {group.items.map((item) => (
              <li key={item.label}>
                <Link
                  to={item.to}
                  activeOptions={{ exact: item.exact ?? false, includeSearch: false }}
                  className={ITEM}
                  activeProps={{ className: "bg-accent-wash text-accent", "aria-current": "page" }}
                  inactiveProps={{ className: "text-soft hover:bg-raised hover:text-ink" }}
                >
                  <item.icon className="size-4 shrink-0" aria-hidden />
                  {item.label}
                </Link>
              </li>
            ))}
          </ul>
        </div>
      ))}
      <div className="mt-auto space-y-0.5">
        {inboxUrl && (
          <Outside href={inboxUrl} icon={ExternalIcon}>
            Test inbox
          </Outside>
        )}
        <Outside href="/docs" icon={BookOpen}>
          API reference
        </Outside>
      </div>
    </nav>
  );
}

/** A page of another kind, in a tab of its own. */
function Outside({ href, icon: Icon, children }: { href: string; icon: LucideIcon; children: ReactNode }) {
  return (
    <a
      href={href}
      target="_blank"
      rel="noreferrer"
      className={classes(ITEM, "text-soft hover:bg-raised hover:text-ink")}
    >
      <Icon className="size-4 shrink-0" aria-hidden />
      {children}
    </a>
  );
}
