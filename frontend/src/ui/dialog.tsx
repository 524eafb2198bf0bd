import { X } from "lucide-react";
import { type ReactNode, useEffect, useId, useRef } from "react";
import { classes } from "@/lib/classes";
import { Button } from "./button";

interface DialogProps {
  title: string;
  onClose: () => void;
  size?: "sm" | "lg";
  children: ReactNode;
}

/** A modal over the page; mount it to open. The browser's own dialog keeps focus inside and closes on Escape. */
export function Dialog({ title, onClose, size = "sm", children }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => {
    const dialog = ref.current;
    dialog?.showModal();
    dialog?.querySelector<HTMLElement>("[data-autofocus], input, select, textarea")?.focus();
    return () => dialog?.close();
  }, []);
  return (
    <dialog
      ref={ref}
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      className={classes(
        "max-h-[calc(100dvh-2rem)] w-[calc(100vw-2rem)] animate-rise overflow-y-auto rounded-xl border border-line bg-surface p-0 text-ink shadow-raised backdrop:bg-black/45 backdrop:backdrop-blur-[1px]",
        size === "sm" ? "max-w-md" : "max-w-2xl",
      )}
    >
      <div className="sticky top-0 z-10 flex items-center justify-between gap-4 border-line border-b bg-surface px-5 py-3">
        <h2 id={titleId} className="font-semibold text-[0.9375rem]">
          {title}
        </h2>
        <Button variant="quiet" size="iconSm" aria-label="Close" onClick={onClose}>
          <X className="size-4" aria-hidden />
        </Button>
      </div>
      <div className="p-5">{children}</div>
    </dialog>
  );
}

interface ConfirmProps {
  title: string;
  message: ReactNode;
  action: string;
  keep?: string;
  busy: boolean;
  onConfirm: () => void;
  onClose: () => void;
}

export function Confirm({
  title,
  message,
  action,
  keep = "Keep it",
  busy,
  onConfirm,
  onClose,
}: ConfirmProps) {
  return (
    <Dialog title={title} onClose={onClose}>
      <div className="text-soft">{message}</div>
      <div className="mt-5 flex justify-end gap-2">
        <Button data-autofocus onClick={onClose}>
          {keep}
        </Button>
        <Button variant="danger" busy={busy} onClick={onConfirm}>
          {action}
        </Button>
      </div>
    </Dialog>
  );
}
