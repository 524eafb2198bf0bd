import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { api } from "@/api/client";
import { type Reading, readToEnd } from "@/api/lists";
import type { CampaignChange, Import, NewCampaign } from "@/api/types";
import { upload } from "@/api/upload";
import { randomKey } from "@/lib/random";

/** What templates call the columns of a list, in their order; null leaves one out. */
export type ColumnNames = readonly (string | null)[];

export async function parseText(text: string, columns: ColumnNames | null = null): Promise<Import> {
  const body = columns === null ? { text } : { text, columns: [...columns] };
  const first = await api.post("/v1/recipients/parse", { body });
  return first.state === "done" ? first : readToEnd(first.import_id);
}

/** Uploads a list and waits until it is read: a long one is read by a worker meanwhile. */
export async function parseFile(
  file: File,
  onProgress: (reading: Reading) => void,
  signal: AbortSignal,
  columns: ColumnNames | null = null,
): Promise<Import> {
  const first = await upload<Import>(
    "/v1/recipients/parse",
    file,
    (share) => onProgress({ step: "upload", share }),
    signal,
    columns === null ? {} : { columns: JSON.stringify(columns) },
  );
  return first.state === "done" ? first : readToEnd(first.import_id, onProgress, signal);
}

/** A list that was read before, with null none. */
export function useList(id: string | null) {
  return useQuery({
    queryKey: ["lists", id],
    queryFn: ({ signal }) => api.get("/v1/imports/{import_id}", { path: { import_id: id ?? "" }, signal }),
    enabled: id !== null,
    staleTime: Number.POSITIVE_INFINITY,
  });
}

export function useChangeCampaign(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (changes: CampaignChange) =>
      api.patch("/v1/campaigns/{campaign_id}", { path: { campaign_id: id }, body: changes }),
    onSuccess: () => {
      for (const key of ["campaigns", "emails", "stats"]) client.invalidateQueries({ queryKey: [key] });
    },
  });
}

export type ScheduleStep = "idle" | "saving" | "scheduling";

interface Composed {
  campaign: NewCampaign;
  /** What becomes of it: it stays a draft, or it is scheduled. */
  as: "draft" | "scheduled";
}

/**
 * Saves the campaign and schedules it, unless it is to stay a draft. Pressing again after a failure repeats the very same request under the same
 * idempotency key, so that a lost answer never makes a second campaign.
 */
export function useSchedule() {
  const client = useQueryClient();
  const last = useRef<{ body: string; key: string } | null>(null);
  const [step, setStep] = useState<ScheduleStep>("idle");
  const mutation = useMutation({
    mutationFn: async ({ campaign: input, as }: Composed) => {
      const body = JSON.stringify(input);
      if (last.current?.body !== body) last.current = { body, key: randomKey() };
      setStep("saving");
      const campaign = await api.post("/v1/campaigns", {
        body: input,
        headers: { "Idempotency-Key": last.current.key },
      });
      if (as === "draft") return campaign;
      setStep("scheduling");
      return api.post("/v1/campaigns/{campaign_id}/schedule", {
        path: { campaign_id: campaign.id },
        headers: { "Idempotency-Key": `${last.current.key}-schedule` },
      });
    },
    onSuccess: () => {
      for (const key of ["campaigns", "emails", "stats"]) client.invalidateQueries({ queryKey: [key] });
    },
    onSettled: () => setStep("idle"),
  });
  return { ...mutation, step };
}
