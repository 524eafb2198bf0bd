import { Link, type LinkProps } from "@tanstack/react-router";
import { ExternalLink as ExternalIcon, type LucideIcon, PenLine } from "lucide-react";
import { classes } from "@/lib/classes";
import { buttonClasses } from "./button";
import { Kbd } from "./kbd";

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
  return (
    <nav aria-label="Main" className="flex min-h-0 flex-1 flex-col overflow-y-auto px-3 pb-4">
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
      {inboxUrl && (
        <a
          href={inboxUrl}
          target="_blank"
          rel="noreferrer"
          className={classes(ITEM, "mt-auto shrink-0 text-soft hover:bg-raised hover:text-ink")}
        >
          <ExternalIcon className="size-4" aria-hidden />
          Test inbox
        </a>
      )}
    </nav>
  );
}
