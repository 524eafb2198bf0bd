import type { QueryClient } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";

/** Live updates: the event stream only hints that something changed, the lists are then read again. */

const THROTTLE_MS = 700;
const FALLBACK_MS = 15_000;
const CHANGING = ["emails", "campaigns", "senders", "stats", "suppressions", "webhooks"];

const SETTLE_MS = 250;

let connected = false;
const listeners = new Set<() => void>();
const waiting = new Set<() => void>();

/** Opens the stream and keeps it open. Returns what closes it. */
export function startLive(client: QueryClient): () => void {
  let source = open();
  let timer: number | undefined;
  let state: "idle" | "waiting" | "reading" | "reading-and-again" = "idle";

  function open(): EventSource {
    const opened = new EventSource("/v1/events/stream");
    opened.onopen = () => {
      // Whatever happened while the stream was down is read once.
      if (!connected) hint();
      setConnected(true);
    };
    opened.onerror = () => setConnected(false);
    opened.onmessage = hint;
    return opened;
  }
  function hint() {
    for (const wake of waiting) wake();
    if (state === "reading") state = "reading-and-again";
    if (state !== "idle") return;
    state = "waiting";
    timer = window.setTimeout(refresh, THROTTLE_MS);
  }
  async function refresh() {
    state = "reading";
    await Promise.allSettled(CHANGING.map((key) => client.invalidateQueries({ queryKey: [key] })));
    const again = (state as string) === "reading-and-again";
    state = "idle";
    if (again) hint();
  }
  const fallback = window.setInterval(() => {
    if (connected) return;
    hint();
    // A browser reconnects after a cut, but gives up after an error status.
    if (source.readyState === EventSource.CLOSED) source = open();
  }, FALLBACK_MS);
  return () => {
    source.close();
    window.clearTimeout(timer);
    window.clearInterval(fallback);
    setConnected(false);
  };
}

/** True while changes arrive at once; false while the lists are read again every 15 seconds. */
export function useLive(): boolean {
  return useSyncExternalStore(subscribe, () => connected);
}

/**
 * Resolves a moment after something has changed, for who follows one thing closely. Without a word it resolves in the
 * end all the same: after 3 s while changes arrive at once, else soon; and at once when aborted.
 */
export function nextChange(signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    let timer = window.setTimeout(done, connected ? 3_000 : 700);
    function wake() {
      waiting.delete(wake);
      window.clearTimeout(timer);
      timer = window.setTimeout(done, SETTLE_MS);
    }
    function done() {
      waiting.delete(wake);
      window.clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    }
    waiting.add(wake);
    signal?.addEventListener("abort", done);
    if (signal?.aborted) done();
  });
}

function setConnected(next: boolean): void {
  if (next === connected) return;
  connected = next;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
