import { CircleAlert, CircleCheck, X } from "lucide-react";
import { useSyncExternalStore } from "react";
import { ApiError } from "@/api/client";
import { Button } from "./button";

interface Toast {
  readonly id: number;
  readonly kind: "done" | "error";
  readonly title: string;
  readonly lines: readonly string[];
}

const SHOWN_MS = { done: 5_000, error: 12_000 };
const MAX_LINES = 4;

let toasts: readonly Toast[] = [];
let lastId = 0;
const listeners = new Set<() => void>();

export const toast = {
  done: (title: string, line?: string) => show("done", title, line ? [line] : []),
  /** Says what failed and, for input errors, where: each field path with its message. */
  error: (title: string, error: unknown) => show("error", title, explain(error)),
};

function explain(error: unknown): string[] {
  if (!(error instanceof ApiError)) return [error instanceof Error ? error.message : String(error)];
  if (error.errors.length === 0) return [error.message];
  const lines = error.errors
    .slice(0, MAX_LINES)
    .map(({ path, message }) => (path ? `${path}: ${message}` : message));
  const more = error.errors.length - lines.length;
  return more > 0 ? [...lines, `and ${more} more`] : lines;
}

function show(kind: Toast["kind"], title: string, lines: string[]): void {
  lastId += 1;
  const id = lastId;
  // What went wrong before is settled once the next attempt succeeds.
  const kept = kind === "done" ? toasts.filter((each) => each.kind === "done") : toasts;
  toasts = [...kept.slice(-3), { id, kind, title, lines }];
  tell();
  window.setTimeout(() => dismiss(id), SHOWN_MS[kind]);
}

function dismiss(id: number): void {
  toasts = toasts.filter((each) => each.id !== id);
  tell();
}

function tell(): void {
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function Toasts() {
  const shown = useSyncExternalStore(subscribe, () => toasts);
  return (
    <section
      aria-label="Notifications"
      aria-live="polite"
      className="pointer-events-none fixed inset-x-0 z-50 flex flex-col items-end gap-2 p-4 max-sm:top-12 sm:bottom-0"
    >
      {shown.map((each) => (
        <div
          key={each.id}
          data-toast={each.kind}
          className="pointer-events-auto flex w-full max-w-sm animate-rise items-start gap-2.5 rounded-lg border border-line bg-surface p-3 shadow-raised"
        >
          {each.kind === "done" ? (
            <CircleCheck className="mt-0.5 size-4.5 shrink-0 text-ok" aria-hidden />
          ) : (
            <CircleAlert className="mt-0.5 size-4.5 shrink-0 text-bad" aria-hidden />
          )}
          <div className="min-w-0 flex-1">
            <p className="font-medium">{each.title}</p>
            {each.lines.map((line) => (
              <p key={line} className="mt-0.5 break-words text-[0.8125rem] text-soft">
                {line}
              </p>
            ))}
          </div>
          <Button variant="quiet" size="iconSm" aria-label="Dismiss" onClick={() => dismiss(each.id)}>
            <X className="size-4" aria-hidden />
          </Button>
        </div>
      ))}
    </section>
  );
}
