import { Field, Input } from "@/ui/field";
import { LimitField } from "@/ui/limit-field";
import type { SectionProps } from "./sender-form";

export function LimitFields({ fields, change, errorAt }: SectionProps) {
  return (
    <fieldset>
      <legend className="mb-3 font-semibold text-[0.8125rem]">Limits</legend>
      <div className="grid gap-4 sm:grid-cols-2 lg:grid-cols-4">
        <LimitField
          label="Emails an hour"
          limit={fields.hourly}
          error={errorAt("hourly_limit")}
          onChange={(hourly) => change({ hourly })}
        />
        <LimitField
          label="Emails a day"
          limit={fields.daily}
          error={errorAt("daily_limit")}
          onChange={(daily) => change({ daily })}
        />
        <Field
          label="Gap in seconds"
          hint="Between two sends; decimals allowed."
          error={errorAt("min_delay_ms")}
        >
          {(ids) => (
            <Input
              {...ids}
              inputMode="decimal"
              placeholder="Default"
              value={fields.gap}
              onChange={(event) => change({ gap: event.target.value })}
            />
          )}
        </Field>
        <Field label="Connections" hint="At once, over all workers." error={errorAt("concurrency")}>
          {(ids) => (
            <Input
              {...ids}
              inputMode="numeric"
              placeholder="Default"
              value={fields.concurrency}
              onChange={(event) => change({ concurrency: event.target.value })}
            />
          )}
        </Field>
      </div>
    </fieldset>
  );
}
