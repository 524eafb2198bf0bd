import { CircleCheck, CircleMinus, CircleX, type LucideIcon } from "lucide-react";
import type { Phase } from "@/api/types";
import { classes } from "@/lib/classes";

const PHASES: Record<Phase["phase"], string> = {
  dns: "Find the server (DNS)",
  tcp: "Reach it (TCP)",
  tls: "Encrypt (TLS)",
  auth: "Sign in (AUTH)",
};

const STATES: Record<Phase["state"], { label: string; icon: LucideIcon; colour: string }> = {
  ok: { label: "Passed", icon: CircleCheck, colour: "text-ok" },
  failed: { label: "Failed", icon: CircleX, colour: "text-bad" },
  skipped: { label: "Not needed", icon: CircleMinus, colour: "text-faint" },
};

/** How far a test of a connection came. */
export function PhaseList({ phases }: { phases: readonly Phase[] }) {
  return (
    <ol className="space-y-2.5">
      {phases.map(({ phase, state, message, mend }) => {
        const { label, icon: Icon, colour } = STATES[state];
        return (
          <li key={phase} className="flex gap-2.5">
            <Icon className={classes("mt-0.5 size-4.5 shrink-0", colour)} aria-label={label} />
            <div className="min-w-0">
              <p className="font-medium">{PHASES[phase]}</p>
              <p className="break-words text-[0.8125rem] text-faint">{message}</p>
              {mend && <p className="mt-0.5 break-words text-[0.8125rem] text-ink">{mend}</p>}
            </div>
          </li>
        );
      })}
    </ol>
  );
}
