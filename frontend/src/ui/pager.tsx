import { Link } from "@tanstack/react-router";
import { ChevronLeft, ChevronRight } from "lucide-react";
import { Button, buttonClasses } from "./button";

/** Keyset paging: a page is named by the row before it (`after`) or behind it (`before`). */
export interface Cursor {
  after?: string | undefined;
  before?: string | undefined;
}

interface PagerProps {
  cursor: Cursor;
  hasMore: boolean;
  rows: readonly { id: string }[];
  label: string;
}

export function Pager({ cursor, hasMore, rows, label }: PagerProps) {
  const first = rows[0]?.id;
  const last = rows[rows.length - 1]?.id;
  const hasPrevious = cursor.before ? hasMore : cursor.after !== undefined;
  const hasNext = cursor.before ? true : hasMore;
  if (!hasPrevious && !hasNext) return null;
  return (
    <nav
      aria-label={`Pages of ${label}`}
      className="flex items-center justify-end gap-2 border-line border-t px-4 py-2.5"
    >
      <Step
        to={hasPrevious ? { before: first } : null}
        label="Previous"
        icon={<ChevronLeft className="size-4" aria-hidden />}
      />
      <Step
        to={hasNext ? { after: last } : null}
        label="Next"
        icon={<ChevronRight className="size-4" aria-hidden />}
      />
    </nav>
  );
}

function Step({ to, label, icon }: { to: Cursor | null; label: "Previous" | "Next"; icon: React.ReactNode }) {
  const content = label === "Next" ? [label, icon] : [icon, label];
  if (!to || (!to.after && !to.before)) {
    return (
      <Button size="sm" disabled>
        {label === "Previous" && icon}
        {label}
        {label === "Next" && icon}
      </Button>
    );
  }
  return (
    <Link
      to="."
      search={(old) => ({ ...old, after: undefined, before: undefined, ...to })}
      className={buttonClasses({ size: "sm" })}
    >
      {content}
    </Link>
  );
}
