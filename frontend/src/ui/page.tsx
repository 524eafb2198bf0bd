import { type ReactNode, useEffect } from "react";
import { classes } from "@/lib/classes";

interface PageProps {
  title: string;
  /** What stands beside the title: a badge, a count. */
  beside?: ReactNode;
  actions?: ReactNode;
  back?: ReactNode;
  children: ReactNode;
  width?: "wide" | "narrow";
}

export function Page({ title, beside, actions, back, children, width = "wide" }: PageProps) {
  useEffect(() => {
    document.title = `${title} · Paceline`;
  }, [title]);
  return (
    <div
      className={classes(
        "mx-auto w-full px-4 pt-5 pb-16 sm:px-6",
        width === "wide" ? "max-w-[88rem]" : "max-w-5xl",
      )}
    >
      {back && <div className="mb-2">{back}</div>}
      <div className="mb-4 flex min-h-8.5 flex-wrap items-center gap-x-3 gap-y-2">
        <h1 className="min-w-0 break-words font-semibold text-lg tracking-tight">{title}</h1>
        {beside}
        {actions && <div className="ml-auto flex flex-wrap items-center gap-2">{actions}</div>}
      </div>
      {children}
    </div>
  );
}

export function Card({ className, children }: { className?: string; children: ReactNode }) {
  return (
    <section className={classes("rounded-lg border border-line bg-surface", className)}>{children}</section>
  );
}

export function CardHeader({ title, children }: { title: ReactNode; children?: ReactNode }) {
  return (
    <div className="flex min-h-11 items-center justify-between gap-3 border-line border-b px-4 py-1.5">
      <h2 className="font-semibold text-[0.8125rem]">{title}</h2>
      {children}
    </div>
  );
}
