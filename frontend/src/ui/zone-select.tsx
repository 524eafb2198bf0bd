import { useMemo } from "react";
import { browserZone } from "@/lib/time";
import { Select } from "./field";

interface ZoneSelectProps {
  id: string;
  value: string;
  /** Zones that stand at the top beside the reader's own. */
  first?: readonly string[];
  onChange: (zone: string) => void;
}

export function ZoneSelect({ value, first = [], onChange, ...ids }: ZoneSelectProps) {
  const known = first.join();
  const zones = useMemo(() => {
    const top = new Set([...known.split(",").filter(Boolean), browserZone(), "UTC", value]);
    return [...top, ...Intl.supportedValuesOf("timeZone").filter((zone) => !top.has(zone))];
  }, [known, value]);
  return (
    <Select {...ids} value={value} onChange={(event) => onChange(event.target.value)}>
      {zones.map((zone) => (
        <option key={zone} value={zone}>
          {zone.replaceAll("_", " ")}
        </option>
      ))}
    </Select>
  );
}
