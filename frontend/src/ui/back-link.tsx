import { Link, type LinkProps } from "@tanstack/react-router";
import { ArrowLeft } from "lucide-react";

export function BackLink({ to, label }: { to: LinkProps["to"]; label: string }) {
  return (
    <Link
      to={to}
      className="inline-flex items-center gap-1 rounded text-[0.8125rem] text-faint hover:text-ink"
    >
      <ArrowLeft className="size-3.5" aria-hidden />
      {label}
    </Link>
  );
}
