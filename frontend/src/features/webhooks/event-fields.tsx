import type { WebhookEvent } from "@/api/types";
import { Button } from "@/ui/button";
import { EVENT_GROUPS, WEBHOOK_EVENTS } from "./looks";

interface EventFieldsProps {
  chosen: readonly WebhookEvent[];
  error: string | undefined;
  onChange: (chosen: readonly WebhookEvent[]) => void;
}

export function EventFields({ chosen, error, onChange }: EventFieldsProps) {
  const all = chosen.length === WEBHOOK_EVENTS.length;
  function toggle(type: WebhookEvent, on: boolean) {
    onChange(WEBHOOK_EVENTS.filter((each) => (each === type ? on : chosen.includes(each))));
  }
  return (
    <fieldset>
      <legend className="sr-only">Events</legend>
      <div className="flex items-center justify-between gap-2">
        <p aria-hidden className="font-medium text-[0.8125rem]">
          Events
        </p>
        <Button variant="quiet" size="sm" onClick={() => onChange(all ? [] : WEBHOOK_EVENTS)}>
          {all ? "Choose none" : "Choose all"}
        </Button>
      </div>
      <div className="mt-1 grid gap-x-6 gap-y-3 sm:grid-cols-2 sm:grid-rows-[auto_1fr]">
        {EVENT_GROUPS.map((group) => (
          <div key={group.label} className={group.label === "Email" ? "sm:row-span-2" : undefined}>
            <p className="mb-1 text-faint text-xs">{group.label}</p>
            {group.events.map(({ type, told }) => (
              <label key={type} className="flex cursor-pointer items-start gap-2.5 rounded-md py-1 text-sm">
                <input
                  type="checkbox"
                  className="tick mt-0.5 size-4 shrink-0"
                  checked={chosen.includes(type)}
                  onChange={(event) => toggle(type, event.target.checked)}
                />
                <span className="min-w-0">
                  <span className="font-mono text-xs">{type}</span>
                  <span className="block text-faint text-xs">{told}</span>
                </span>
              </label>
            ))}
          </div>
        ))}
      </div>
      {error && (
        <p role="alert" className="mt-1.5 text-bad text-xs">
          {error}
        </p>
      )}
    </fieldset>
  );
}
