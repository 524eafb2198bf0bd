import { useId } from "react";
import { classes } from "@/lib/classes";
import { DAYS, dayName, endsNextDay } from "@/lib/windows";
import { Field, Input } from "./field";

/** A window as it is typed; when it is off, mail may leave at any hour. */
export interface WindowDraft {
  on: boolean;
  days: string[];
  start: string;
  end: string; // of `<input type="time">`: midnight is 00:00
}

export const OFFICE_HOURS: WindowDraft = {
  on: false,
  days: ["mon", "tue", "wed", "thu", "fri"],
  start: "09:00",
  end: "17:00",
};

export function windowDraftOf(window: { days: string[]; start: string; end: string } | null): WindowDraft {
  if (!window) return OFFICE_HOURS;
  return {
    on: true,
    days: window.days,
    start: window.start,
    end: window.end === "24:00" ? "00:00" : window.end,
  };
}

/** What the API takes; null where mail may leave at any hour. */
export function windowOf({ on, days, start, end }: WindowDraft) {
  if (!on) return null;
  return { days: DAYS.filter((day) => days.includes(day)), start, end: end === "00:00" ? "24:00" : end };
}

export function windowProblem({ on, days, start, end }: WindowDraft): string | null {
  if (!on) return null;
  if (days.length === 0) return "Choose at least one day.";
  return start && end ? null : "Give both hours, such as 09:00 and 17:00.";
}

interface WindowFieldsProps {
  value: WindowDraft;
  error: string | undefined;
  onChange: (value: WindowDraft) => void;
}

/** Whether mail leaves at certain hours only, and at which: days as switches, then from and until. */
export function WindowFields({ value, error, onChange }: WindowFieldsProps) {
  const id = useId();
  const change = (patch: Partial<WindowDraft>) => onChange({ ...value, ...patch });
  return (
    <div className="min-w-0">
      <label className="inline-flex items-center gap-2 text-[0.8125rem]">
        <input
          type="checkbox"
          className="tick size-4"
          checked={value.on}
          onChange={(event) => change({ on: event.target.checked })}
        />
        <span className="font-medium">Only at certain hours</span>
      </label>
      {value.on && (
        <fieldset aria-describedby={error ? `${id}-error` : undefined} className="mt-3">
          <legend className="sr-only">Sending hours</legend>
          <div className="flex flex-wrap items-end gap-x-4 gap-y-3">
            <DayChoice days={value.days} onChange={(days) => change({ days })} />
            <div className="flex items-end gap-2">
              <Hour label="From" value={value.start} onChange={(start) => change({ start })} />
              <Hour label="Until" value={value.end} onChange={(end) => change({ end })} />
            </div>
          </div>
          {error ? (
            <p id={`${id}-error`} className="mt-1.5 text-bad text-xs">
              {error}
            </p>
          ) : (
            value.start &&
            value.end &&
            endsNextDay(value) && <p className="mt-1.5 text-faint text-xs">Until the next day.</p>
          )}
        </fieldset>
      )}
    </div>
  );
}

function DayChoice({ days, onChange }: { days: readonly string[]; onChange: (days: string[]) => void }) {
  return (
    <div className="flex flex-wrap gap-1">
      {DAYS.map((day) => (
        <label
          key={day}
          className={classes(
            "relative flex h-8.5 items-center rounded-md border px-2 font-medium text-[0.8125rem] transition-colors has-focus-visible:outline-2 has-focus-visible:outline-accent has-focus-visible:outline-offset-2",
            days.includes(day)
              ? "border-accent bg-accent-wash text-accent"
              : "border-line text-faint hover:border-line-strong hover:text-ink",
          )}
        >
          <input
            type="checkbox"
            className="absolute inset-0 size-full cursor-pointer opacity-0"
            checked={days.includes(day)}
            onChange={(event) =>
              onChange(event.target.checked ? [...days, day] : days.filter((other) => other !== day))
            }
          />
          {dayName(day)}
        </label>
      ))}
    </div>
  );
}

function Hour({
  label,
  value,
  onChange,
}: {
  label: string;
  value: string;
  onChange: (value: string) => void;
}) {
  return (
    <Field label={label}>
      {(ids) => (
        <Input
          {...ids}
          type="time"
          className="w-28"
          value={value}
          onChange={(event) => onChange(event.target.value)}
        />
      )}
    </Field>
  );
}
