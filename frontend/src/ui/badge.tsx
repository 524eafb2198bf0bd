import type { LucideIcon } from "lucide-react";
import { classes } from "@/lib/classes";

const TONES = {
  neutral: "bg-raised text-soft",
  accent: "bg-accent-wash text-accent",
  ok: "bg-ok-wash text-ok",
  warn: "bg-warn-wash text-warn",
  bad: "bg-bad-wash text-bad",
  info: "bg-info-wash text-info",
  doubt: "bg-doubt-wash text-doubt",
} as const;

export type Tone = keyof typeof TONES;

export interface Look {
  readonly label: string;
  readonly tone: Tone;
  readonly icon: LucideIcon;
}

export function Badge({ label, tone, icon: Icon, title }: Look & { title?: string }) {
  return (
    <span
      title={title}
      className={classes(
        "inline-flex h-5.5 items-center gap-1 whitespace-nowrap rounded-full pr-2 pl-1.5 font-medium text-xs",
        TONES[tone],
      )}
    >
      <Icon className="size-3.5" aria-hidden />
      {label}
    </span>
  );
}

export function toneClasses(tone: Tone): string {
  return TONES[tone];
}

const DOTS: Record<Tone, string> = {
  neutral: "bg-line-strong",
  accent: "bg-accent",
  ok: "bg-ok",
  warn: "bg-warn",
  bad: "bg-bad",
  info: "bg-info",
  doubt: "bg-doubt",
};

export function toneFill(tone: Tone): string {
  return DOTS[tone];
}
