import { browserZone, formatTime, instantToWall, wallToInstant, zoneOffset } from "@/lib/time";
import { Field, Input } from "@/ui/field";
import { Segmented } from "@/ui/segmented";
import { ZoneSelect } from "@/ui/zone-select";
import type { Draft, Problems } from "./draft";

export interface TimingFieldsProps {
  draft: Draft;
  problems: Problems;
  change: (patch: Partial<Draft>) => void;
  workspaceZone: string;
}

const SOON_MS = 15 * 60_000;

export function TimingFields({ draft, problems, change, workspaceZone }: TimingFieldsProps) {
  const instant = wallToInstant(draft.wall, draft.zone);

  function setWhen(when: Draft["when"]) {
    const wall = draft.wall || instantToWall(new Date(Date.now() + SOON_MS), draft.zone);
    change({ when, wall });
  }

  return (
    <div className="grid gap-x-4 gap-y-4 sm:grid-cols-2">
      <div className="sm:col-span-2">
        <p className="mb-1.5 font-medium text-[0.8125rem]">Start</p>
        <Segmented
          label="Start"
          value={draft.when}
          options={[
            { value: "now", label: "Now" },
            { value: "at", label: "At a time" },
          ]}
          onChange={setWhen}
        />
      </div>
      {draft.when === "at" && (
        <>
          <Field
            label="Day and time"
            error={problems.wall}
            hint={
              instant &&
              draft.zone !== browserZone() &&
              `${formatTime(instant, browserZone(), new Date())} in your zone`
            }
          >
            {(ids) => (
              <Input
                {...ids}
                type="datetime-local"
                value={draft.wall}
                onChange={(event) => change({ wall: event.target.value })}
              />
            )}
          </Field>
          <Field label="Time zone" hint={zoneOffset(draft.zone, instant ?? new Date())}>
            {(ids) => (
              <ZoneSelect
                {...ids}
                value={draft.zone}
                first={[workspaceZone]}
                onChange={(zone) => change({ zone })}
              />
            )}
          </Field>
        </>
      )}
      <Field
        label="Delay between emails"
        hint="In seconds; decimals such as 0.5 work."
        error={problems.delay}
      >
        {(ids) => (
          <Input
            {...ids}
            inputMode="decimal"
            value={draft.delay}
            onChange={(event) => change({ delay: event.target.value })}
          />
        )}
      </Field>
      <Field
        label="Hourly limit"
        hint="Of this campaign. Empty: only the sender's own."
        error={problems.hourlyLimit}
      >
        {(ids) => (
          <Input
            {...ids}
            inputMode="numeric"
            placeholder="None of its own"
            value={draft.hourlyLimit}
            onChange={(event) => change({ hourlyLimit: event.target.value })}
          />
        )}
      </Field>
    </div>
  );
}
