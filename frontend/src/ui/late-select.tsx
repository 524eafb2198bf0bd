import type { LatePolicy } from "@/api/types";
import { Field, Select } from "./field";
import { LATE_POLICIES, LATE_POLICY } from "./late-policy";

interface LateSelectProps {
  value: LatePolicy;
  error?: string | undefined;
  onChange: (value: LatePolicy) => void;
}

export function LateSelect({ value, error, onChange }: LateSelectProps) {
  return (
    <Field label="If a downtime makes it late" hint={LATE_POLICY[value].meaning} error={error}>
      {(ids) => (
        <Select
          {...ids}
          value={value}
          onChange={(event) =>
            onChange(LATE_POLICIES.find((policy) => policy === event.target.value) ?? value)
          }
        >
          {LATE_POLICIES.map((policy) => (
            <option key={policy} value={policy}>
              {LATE_POLICY[policy].label}
            </option>
          ))}
        </Select>
      )}
    </Field>
  );
}
