import { useId } from "react";
import { classes } from "@/lib/classes";

interface SegmentedProps<T extends string> {
  label: string;
  value: T;
  options: readonly { value: T; label: string }[];
  onChange: (value: T) => void;
  size?: "sm" | "md";
}

/** One choice of few, as radio buttons that look like one control. */
export function Segmented<T extends string>({
  label,
  value,
  options,
  onChange,
  size = "md",
}: SegmentedProps<T>) {
  const name = useId();
  return (
    <fieldset className="inline-flex rounded-md border border-line bg-raised p-0.5">
      <legend className="sr-only">{label}</legend>
      {options.map((option) => (
        <label
          key={option.value}
          className={classes(
            "cursor-pointer rounded-[5px] px-2.5 font-medium transition-colors has-focus-visible:outline-2 has-focus-visible:outline-accent",
            size === "sm" ? "py-0.5 text-xs" : "py-1 text-[0.8125rem]",
            option.value === value ? "bg-thumb text-ink shadow-xs" : "text-faint hover:text-ink",
          )}
        >
          <input
            type="radio"
            className="sr-only"
            name={name}
            checked={option.value === value}
            onChange={() => onChange(option.value)}
          />
          {option.label}
        </label>
      ))}
    </fieldset>
  );
}
