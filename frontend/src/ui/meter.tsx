import { classes } from "@/lib/classes";
import { percent } from "@/lib/numbers";
import { type Tone, toneFill } from "./badge";

export interface MeterPart {
  readonly label: string;
  readonly value: number;
  readonly tone: Tone;
}

/** A bar of one or more parts of a whole. */
export function Meter({
  label,
  total,
  parts,
  className,
}: {
  label: string;
  total: number;
  parts: readonly MeterPart[];
  className?: string;
}) {
  const shown = parts.filter((part) => part.value > 0);
  const sum = shown.reduce((all, part) => all + part.value, 0);
  const text = shown.map((part) => `${part.label} ${part.value}`).join(", ") || "none";
  return (
    <div
      role="img"
      aria-label={`${label}: ${text} of ${total}`}
      className={classes("flex h-1.5 w-full gap-px overflow-hidden rounded-full bg-raised", className)}
    >
      {shown.map((part) => (
        <div
          key={part.label}
          title={`${part.label}: ${part.value}`}
          className={toneFill(part.tone)}
          style={{ width: `${percent(part.value, Math.max(total, sum))}%` }}
        />
      ))}
    </div>
  );
}
