import { Link, type LinkProps } from "@tanstack/react-router";
import { ArrowLeft } from "lucide-react";

interface BackLinkProps extends Pick<LinkProps, "to" | "params"> {
  label: string;
}

export function BackLink({ to, params, label }: BackLinkProps) {
  return (
    <Link
      to={to}
      params={params}
      className="inline-flex items-center gap-1 rounded text-[0.8125rem] text-faint hover:text-ink"
    >
      <ArrowLeft className="size-3.5" aria-hidden />
      {label}
    </Link>
  );
}
