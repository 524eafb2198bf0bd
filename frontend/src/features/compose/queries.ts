import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { api } from "@/api/client";
import type { Campaign, CampaignInput, ParsedRecipients } from "@/api/types";
import { upload } from "@/api/upload";
import { randomKey } from "@/lib/random";

export function parseText(text: string): Promise<ParsedRecipients> {
  return api.post<ParsedRecipients>("/v1/recipients/parse", { text });
}

export function parseFile(file: File, onProgress: (share: number) => void, signal: AbortSignal) {
  return upload<ParsedRecipients>("/v1/recipients/parse", file, onProgress, signal);
}

export type ScheduleStep = "idle" | "saving" | "scheduling";

/** A repeated request must not start in the past: after this long a retry is a new request. */
const REPEAT_MS = 45_000;

interface Attempt {
  readonly identity: string;
  readonly key: string;
  readonly input: CampaignInput;
  readonly at: number;
}

/**
 * Saves the campaign and schedules it. Pressing again after a failure repeats the very same request under the same
 * idempotency key, so that a lost answer never makes a second campaign.
 */
export function useSchedule() {
  const client = useQueryClient();
  const last = useRef<Attempt | null>(null);
  const [step, setStep] = useState<ScheduleStep>("idle");
  const mutation = useMutation({
    mutationFn: async ({ identity, input }: { identity: string; input: CampaignInput }) => {
      const now = Date.now();
      if (last.current?.identity !== identity || now - last.current.at > REPEAT_MS) {
        last.current = { identity, input, key: randomKey(), at: now };
      }
      const attempt = last.current;
      setStep("saving");
      const campaign = await api.post<Campaign>("/v1/campaigns", attempt.input, {
        headers: { "Idempotency-Key": attempt.key },
      });
      setStep("scheduling");
      return api.post<Campaign>(`/v1/campaigns/${campaign.id}/schedule`);
    },
    onSuccess: () => {
      for (const key of ["campaigns", "emails", "stats"]) client.invalidateQueries({ queryKey: [key] });
    },
    onSettled: () => setStep("idle"),
  });
  return { ...mutation, step };
}
