import { ChevronRight } from "lucide-react";
import { useState } from "react";
import { zoneOffset } from "@/lib/time";
import { describeWindow } from "@/lib/windows";
import { Field, Input } from "@/ui/field";
import { LATE_POLICY } from "@/ui/late-policy";
import { LateSelect } from "@/ui/late-select";
import { WindowFields } from "@/ui/window-fields";
import { ZoneSelect } from "@/ui/zone-select";
import type { Draft } from "./draft";
import type { TimingFieldsProps } from "./timing-fields";

/** What most campaigns leave as it is. Closed it says in a line what differs from that. */
export function AdvancedTiming({ draft, problems, change, workspaceZone }: TimingFieldsProps) {
  const [wanted, setWanted] = useState(false);
  const wrong = problems.window ?? problems.jitter ?? problems.late;
  const open = wanted || wrong !== undefined;
  return (
    <details
      open={open}
      onToggle={(event) => setWanted(event.currentTarget.open)}
      className="group/advanced mt-4 border-line border-t pt-3"
    >
      <summary className="flex list-none items-center gap-1.5 rounded text-[0.8125rem] [&::-webkit-details-marker]:hidden">
        <ChevronRight
          className="size-4 shrink-0 text-faint transition-transform group-open/advanced:rotate-90"
          aria-hidden
        />
        <span className="font-medium">Advanced timing</span>
        {!open && <span className="min-w-0 truncate text-faint">{told(draft)}</span>}
      </summary>
      {open && (
        <div className="grid gap-4 pt-4 sm:grid-cols-2">
          <div className="sm:col-span-2">
            <WindowFields
              value={draft.window}
              error={problems.window}
              onChange={(window) => change({ window })}
            />
          </div>
          {draft.window.on && draft.when === "now" && (
            <Field
              label="Time zone of these hours"
              hint={zoneOffset(draft.zone, new Date())}
              className="sm:col-span-2 sm:max-w-80"
            >
              {(ids) => (
                <ZoneSelect
                  {...ids}
                  value={draft.zone}
                  first={[workspaceZone]}
                  onChange={(zone) => change({ zone })}
                />
              )}
            </Field>
          )}
          <Field
            label="Random delay in percent"
            hint="Each email waits up to this part of the delay longer; the order stays."
            error={problems.jitter}
          >
            {(ids) => (
              <Input
                {...ids}
                inputMode="numeric"
                placeholder="None"
                value={draft.jitter}
                onChange={(event) => change({ jitter: event.target.value })}
              />
            )}
          </Field>
          <LateSelect value={draft.late} error={problems.late} onChange={(late) => change({ late })} />
        </div>
      )}
    </details>
  );
}

function told({ window, jitter, late }: Draft): string {
  const parts = [window.on ? describeWindow(window) : "at any hour"];
  if (jitter.trim()) parts.push(`${jitter.trim()} % random`);
  if (late !== "send") parts.push(`late: ${LATE_POLICY[late].label.toLowerCase()}`);
  return parts.join(" · ");
}
