import { zoneOffset } from "@/lib/time";
import { Field } from "@/ui/field";
import { WindowFields } from "@/ui/window-fields";
import { ZoneSelect } from "@/ui/zone-select";
import type { SectionProps } from "./sender-form";

export function HourFields({
  fields,
  change,
  errorAt,
  workspaceZone,
}: SectionProps & { workspaceZone: string }) {
  return (
    <fieldset>
      <legend className="mb-3 font-semibold text-[0.8125rem]">Sending hours</legend>
      <WindowFields
        value={fields.window}
        error={errorAt("window")}
        onChange={(window) => change({ window })}
      />
      {fields.window.on && (
        <Field label="Time zone" hint={zoneOffset(fields.zone, new Date())} className="mt-4 sm:max-w-80">
          {(ids) => (
            <ZoneSelect
              {...ids}
              value={fields.zone}
              first={[workspaceZone]}
              onChange={(zone) => change({ zone })}
            />
          )}
        </Field>
      )}
    </fieldset>
  );
}
