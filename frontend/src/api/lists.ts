import { api } from "./client";
import { nextChange } from "./live";
import type { Import } from "./types";

/** How far a list is on its way. */
export interface Reading {
  step: "upload" | "reading";
  /** 0 to 1 */
  share: number;
}

/**
 * Waits until a list is read: a long one is read by a worker. Aborted, it cancels the list there; one that is past
 * that is waited for all the same.
 */
export async function readToEnd(
  id: string,
  onProgress?: (reading: Reading) => void,
  signal?: AbortSignal,
): Promise<Import> {
  const path = { import_id: id };
  let stopped = false;
  for (;;) {
    const asksToStop = !stopped && signal?.aborted;
    const change = nextChange(stopped ? undefined : signal);
    const found = asksToStop
      ? await api.post("/v1/imports/{import_id}/cancel", { path })
      : await api.get("/v1/imports/{import_id}", { path });
    if (asksToStop) stopped = true;
    if (found.state === "done") return found;
    if (found.state === "failed") throw new Error(found.error ?? "This list could not be read.");
    if (found.state === "cancelled") throw new DOMException("Reading was cancelled.", "AbortError");
    onProgress?.({ step: "reading", share: found.progress });
    await change;
  }
}
