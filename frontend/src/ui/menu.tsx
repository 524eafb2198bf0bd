import { type ReactNode, useEffect, useId, useRef, useState } from "react";
import { classes } from "@/lib/classes";

interface MenuProps {
  label: string;
  trigger: ReactNode;
  className?: string;
  /** Where the menu stands: above for a button at the foot of the page. */
  side?: "below" | "above";
  children: ReactNode;
}

/** A button with a menu below it. Escape and a click elsewhere close it; arrows move along the items. */
export function Menu({ label, trigger, className, side = "below", children }: MenuProps) {
  const [open, setOpen] = useState(false);
  const ref = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const id = useId();

  useEffect(() => {
    if (!open) return;
    items(ref.current)[0]?.focus();
    function onPointerDown(event: PointerEvent) {
      if (!ref.current?.contains(event.target as Node)) setOpen(false);
    }
    document.addEventListener("pointerdown", onPointerDown);
    return () => document.removeEventListener("pointerdown", onPointerDown);
  }, [open]);

  function onKeyDown(event: React.KeyboardEvent) {
    if (!open) return;
    if (event.key === "Escape") {
      setOpen(false);
      button.current?.focus();
    }
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    event.preventDefault();
    const all = items(ref.current);
    const at = all.indexOf(document.activeElement as HTMLElement);
    const next = (at + (event.key === "ArrowDown" ? 1 : -1) + all.length) % all.length;
    all[next]?.focus();
  }

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the keys belong to the button and items inside
    <div ref={ref} className="relative" onKeyDown={onKeyDown}>
      <button
        ref={button}
        type="button"
        aria-haspopup="menu"
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        onClick={() => setOpen(!open)}
        className={className}
      >
        <span className="sr-only">{label}</span>
        <span aria-hidden className="contents">
          {trigger}
        </span>
      </button>
      {open && (
        <div
          id={id}
          role="menu"
          aria-label={label}
          className={classes(
            "absolute right-0 z-40 w-60 animate-rise rounded-lg border border-line bg-surface p-1 shadow-raised",
            side === "below" ? "top-full mt-1.5" : "bottom-full mb-1.5",
          )}
        >
          {children}
        </div>
      )}
    </div>
  );
}

interface MenuItemProps {
  icon?: ReactNode;
  onSelect: () => void;
  checked?: boolean;
  children: ReactNode;
}

export function MenuItem({ icon, onSelect, checked, children }: MenuItemProps) {
  return (
    <button
      type="button"
      {...(checked === undefined ? { role: "menuitem" } : { role: "menuitemradio", "aria-checked": checked })}
      onClick={onSelect}
      className={classes(
        "flex w-full items-center gap-2.5 rounded-md px-2.5 py-1.5 text-left hover:bg-raised focus-visible:-outline-offset-2",
        checked && "bg-accent-wash text-accent",
      )}
    >
      {icon}
      {children}
    </button>
  );
}

function items(root: HTMLElement | null): HTMLElement[] {
  return [...(root?.querySelectorAll<HTMLElement>('[role^="menuitem"]') ?? [])];
}
