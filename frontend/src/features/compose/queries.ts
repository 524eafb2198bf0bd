import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { api } from "@/api/client";
import type { NewCampaign, ParsedRecipients } from "@/api/types";
import { upload } from "@/api/upload";
import { randomKey } from "@/lib/random";

export function parseText(text: string): Promise<ParsedRecipients> {
  return api.post("/v1/recipients/parse", { body: { text } });
}

export function parseFile(file: File, onProgress: (share: number) => void, signal: AbortSignal) {
  return upload<ParsedRecipients>("/v1/recipients/parse", file, onProgress, signal);
}

export type ScheduleStep = "idle" | "saving" | "scheduling";

/**
 * Saves the campaign and schedules it. Pressing again after a failure repeats the very same request under the same
 * idempotency key, so that a lost answer never makes a second campaign.
 */
export function useSchedule() {
  const client = useQueryClient();
  const last = useRef<{ body: string; key: string } | null>(null);
  const [step, setStep] = useState<ScheduleStep>("idle");
  const mutation = useMutation({
    mutationFn: async (input: NewCampaign) => {
      const body = JSON.stringify(input);
      if (last.current?.body !== body) last.current = { body, key: randomKey() };
      setStep("saving");
      const campaign = await api.post("/v1/campaigns", {
        body: input,
        headers: { "Idempotency-Key": last.current.key },
      });
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
