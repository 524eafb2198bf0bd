import { LoaderCircle } from "lucide-react";
import type { AnchorHTMLAttributes, ButtonHTMLAttributes, ReactNode } from "react";
import { classes } from "@/lib/classes";
import { useLooksOnly } from "./looks-only";
import { RestReason } from "./rest-reason";

const BASE =
  "inline-flex shrink-0 select-none items-center justify-center gap-1.5 whitespace-nowrap rounded-md font-medium transition-colors disabled:cursor-not-allowed disabled:opacity-55 aria-disabled:cursor-not-allowed aria-disabled:opacity-55";

const VARIANTS = {
  primary: "bg-accent-fill text-on-accent hover:bg-accent-fill-strong shadow-xs",
  secondary: "border border-line bg-surface text-ink shadow-xs hover:bg-raised",
  quiet: "text-soft hover:bg-raised hover:text-ink",
  danger: "border border-line bg-surface text-bad shadow-xs hover:bg-bad-wash",
} as const;

const SIZES = {
  sm: "h-7 px-2 text-[0.8125rem]",
  md: "h-8.5 px-3 text-sm",
  icon: "size-8.5",
  iconSm: "size-7",
} as const;

export interface ButtonLook {
  variant?: keyof typeof VARIANTS;
  size?: keyof typeof SIZES;
}

export function buttonClasses({ variant = "secondary", size = "md" }: ButtonLook = {}): string {
  return classes(BASE, VARIANTS[variant], SIZES[size]);
}

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement>, ButtonLook {
  busy?: boolean;
  icon?: ReactNode;
  /** Why it may not be pressed now. It keeps its place in the tab order, so that everybody can find out. */
  rests?: string | null;
  /** It changes something of the workspace: it rests for who may only look. */
  changes?: boolean;
}

export function Button({
  variant,
  size,
  busy = false,
  icon,
  rests: reason = null,
  changes = false,
  className,
  children,
  onClick,
  ...rest
}: ButtonProps) {
  const looksOnly = useLooksOnly();
  const rests = (changes ? looksOnly : null) ?? reason;
  return (
    <RestReason why={rests}>
      {(describedBy) => (
        <button
          type="button"
          {...rest}
          {...(rests && { "aria-disabled": true, "aria-describedby": describedBy })}
          disabled={rest.disabled || busy}
          aria-busy={busy || undefined}
          onClick={rests ? (event) => event.preventDefault() : onClick}
          className={classes(buttonClasses({ variant, size }), className)}
        >
          {busy ? <LoaderCircle className="size-4 animate-spin" aria-hidden /> : icon}
          {children}
        </button>
      )}
    </RestReason>
  );
}

interface ExternalLinkProps extends AnchorHTMLAttributes<HTMLAnchorElement>, ButtonLook {}

/** A link to another place (a new tab) that looks like a button. */
export function ExternalLink({ variant, size, className, children, ...rest }: ExternalLinkProps) {
  return (
    <a
      target="_blank"
      rel="noreferrer"
      {...rest}
      className={classes(buttonClasses({ variant, size }), className)}
    >
      {children}
    </a>
  );
}
