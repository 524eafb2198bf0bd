import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { api } from "@/api/client";
import type { NewEstimate } from "@/api/types";

const SETTLE_MS = 300;

/**
 * The forecast of what is typed, a moment after the last key; a question that is out of date is given up. What waits on
 * the mailboxes changes it too: it is read again with the senders' other figures.
 */
export function useEstimate(wanted: NewEstimate | null) {
  const asked = useSettled(wanted === null ? null : JSON.stringify(wanted), SETTLE_MS);
  const query = useQuery({
    queryKey: ["stats", "estimate", asked],
    queryFn: ({ signal }) =>
      api.post("/v1/campaigns/estimate", { body: JSON.parse(asked ?? "{}") as NewEstimate, signal }),
    enabled: asked !== null,
    placeholderData: keepPreviousData,
    retry: false,
    gcTime: 30_000,
  });
  const settled = wanted !== null && asked === JSON.stringify(wanted);
  return { ...query, stale: !settled || query.isPlaceholderData };
}

function useSettled<T>(value: T, ms: number): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = window.setTimeout(() => setSettled(value), ms);
    return () => window.clearTimeout(timer);
  }, [value, ms]);
  return settled;
}
