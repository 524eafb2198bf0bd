import type { ReactNode } from "react";
import { Field, Input } from "./field";

/** A limit as it is typed: with `none` there is no limit at all. */
export interface Limit {
  text: string;
  none: boolean;
}

interface LimitFieldProps {
  label: string;
  limit: Limit;
  hint?: ReactNode;
  /** What an empty field means. */
  empty?: string;
  error: string | undefined;
  onChange: (limit: Limit) => void;
}

export function LimitField({ label, limit, hint, empty = "Default", error, onChange }: LimitFieldProps) {
  return (
    <div>
      <Field label={label} hint={hint} error={error}>
        {(ids) => (
          <Input
            {...ids}
            inputMode="numeric"
            placeholder={limit.none ? "No limit" : empty}
            disabled={limit.none}
            value={limit.none ? "" : limit.text}
            onChange={(event) => onChange({ ...limit, text: event.target.value })}
          />
        )}
      </Field>
      <label className="mt-2 inline-flex items-center gap-2 text-faint text-xs">
        <input
          type="checkbox"
          className="tick size-3.5"
          checked={limit.none}
          onChange={(event) => onChange({ ...limit, none: event.target.checked })}
        />
        No limit
      </label>
    </div>
  );
}
