import { type ReactNode, useEffect, useId, useRef, useState } from "react";
import { Button } from "./button";

interface PopoverProps {
  label: string;
  icon?: ReactNode;
  variant?: "primary" | "secondary";
  rests?: string | null;
  changes?: boolean;
  children: (close: () => void) => ReactNode;
}

/** A button with a small form below it (on a phone at the foot of the page). Escape and a click elsewhere close it. */
export function Popover({
  label,
  icon,
  variant = "secondary",
  rests = null,
  changes,
  children,
}: PopoverProps) {
  const [open, setOpen] = useState(false);
  const ref = useRef<HTMLDivElement>(null);
  const panel = useRef<HTMLDivElement>(null);
  const id = useId();

  function close() {
    setOpen(false);
    ref.current?.querySelector<HTMLElement>("button")?.focus();
  }
  useEffect(() => {
    if (!open) return;
    panel.current?.querySelector<HTMLElement>("[data-autofocus], input, button")?.focus();
    function onPointerDown(event: PointerEvent) {
      if (!ref.current?.contains(event.target as Node)) setOpen(false);
    }
    document.addEventListener("pointerdown", onPointerDown);
    return () => document.removeEventListener("pointerdown", onPointerDown);
  }, [open]);

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: Escape belongs to the button and the fields inside
    <div
      ref={ref}
      className="relative"
      onKeyDown={(event) => {
        if (open && event.key === "Escape") close();
      }}
    >
      <Button
        variant={variant}
        icon={icon}
        rests={rests}
        {...(changes && { changes })}
        aria-haspopup="dialog"
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        onClick={() => setOpen(!open)}
      >
        {label}
      </Button>
      {open && (
        <div
          ref={panel}
          id={id}
          role="dialog"
          aria-label={label}
          className="fixed inset-x-3 bottom-3 z-40 animate-rise rounded-lg border border-line bg-surface p-4 shadow-raised sm:absolute sm:inset-x-auto sm:top-full sm:right-0 sm:bottom-auto sm:mt-1.5 sm:w-80"
        >
          {children(close)}
        </div>
      )}
    </div>
  );
}
