import { useSyncExternalStore } from "react";

/** The present, renewed every second, shared by all who show relative times. The one clock of the dashboard. */
export function useNow(): Date {
  return useSyncExternalStore(subscribe, () => current);
}

let current = new Date();
let timer: number | undefined;
const listeners = new Set<() => void>();

function subscribe(listener: () => void): () => void {
  if (listeners.size === 0) current = new Date();
  listeners.add(listener);
  timer ??= window.setInterval(() => {
    current = new Date();
    for (const each of listeners) each();
  }, 1000);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    window.clearInterval(timer);
    timer = undefined;
  };
}
