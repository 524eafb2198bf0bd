import { type FormEvent, type ReactNode, useState } from "react";
import { browserZone, formatTime, instantToWall, wallToInstant, zoneOffset } from "@/lib/time";
import { Button } from "./button";
import { Field, Input } from "./field";
import { Segmented } from "./segmented";

interface MomentFormProps {
  action: string; // what the button says
  /** The moment that the field starts with. */
  from: Date;
  /** Offered first where a message may go at once. */
  now: "first" | "offered";
  zone?: string | undefined; // another zone to show the moment in, such as a campaign's
  busy: boolean;
  error: string | undefined;
  /** The instant in ISO 8601; null is now. */
  onChoose: (at: string | null) => void;
  children?: ReactNode;
}

type When = "now" | "at";

/** Chooses now or a day and a time in the reader's zone. */
export function MomentForm({ action, from, now, zone, busy, error, onChoose, children }: MomentFormProps) {
  const mine = browserZone();
  const [when, setWhen] = useState<When>(now === "first" ? "now" : "at");
  const [wall, setWall] = useState(() => instantToWall(from, mine));
  const [tried, setTried] = useState(false);
  const instant = wallToInstant(wall, mine);
  function submit(event: FormEvent) {
    event.preventDefault();
    setTried(true);
    if (when === "now") onChoose(null);
    else if (instant) onChoose(instant.toISOString());
  }
  const elsewhere =
    instant && zone && zone !== mine
      ? `${formatTime(instant, zone, new Date())} in ${zone.replaceAll("_", " ")}`
      : `${mine.replaceAll("_", " ")}, ${zoneOffset(mine, instant ?? new Date())}`;
  return (
    <form noValidate onSubmit={submit} className="space-y-4">
      {children}
      <Segmented
        label="When"
        value={when}
        options={[
          { value: "now", label: "Now" },
          { value: "at", label: "At a time" },
        ]}
        onChange={setWhen}
      />
      {when === "at" && (
        <Field
          label="Day and time"
          hint={elsewhere}
          error={error ?? (tried && !instant ? "Choose a day and a time." : undefined)}
        >
          {(ids) => (
            <Input
              {...ids}
              data-autofocus
              type="datetime-local"
              value={wall}
              onChange={(event) => setWall(event.target.value)}
            />
          )}
        </Field>
      )}
      <div className="flex justify-end">
        <Button type="submit" variant="primary" busy={busy}>
          {action}
        </Button>
      </div>
    </form>
  );
}
