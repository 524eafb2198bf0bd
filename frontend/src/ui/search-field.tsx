import { type LucideIcon, Search } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { classes } from "@/lib/classes";
import { Input } from "./field";
import { Kbd } from "./kbd";

const SETTLE_MS = 250;

interface SearchFieldProps {
  value: string;
  onChange: (value: string) => void;
  label: string;
  /** One of several boxes beside each other: the first alone has the shortcut. */
  beside?: boolean;
  placeholder?: string;
  icon?: LucideIcon;
  maxLength?: number;
}

/** A search box that tells its text once typing pauses. `/` focuses it from anywhere (data-search). */
export function SearchField({
  value,
  onChange,
  label,
  beside = false,
  placeholder = label,
  icon: Icon = Search,
  maxLength = 200,
}: SearchFieldProps) {
  const [text, setText] = useState(value);
  const told = useRef(value);
  const tell = useRef(onChange);
  useEffect(() => {
    tell.current = onChange;
  });
  useEffect(() => {
    if (value === told.current) return;
    told.current = value;
    setText(value);
  }, [value]);
  useEffect(() => {
    if (text === told.current) return;
    const timer = window.setTimeout(() => {
      told.current = text;
      tell.current(text);
    }, SETTLE_MS);
    return () => window.clearTimeout(timer);
  }, [text]);
  return (
    <div className={classes("relative min-w-0 grow", beside ? "basis-36 sm:max-w-44" : "sm:max-w-xs")}>
      <Icon
        className="pointer-events-none absolute top-1/2 left-2.5 size-4 -translate-y-1/2 text-faint"
        aria-hidden
      />
      <Input
        type="search"
        data-search={beside ? undefined : true}
        aria-label={label}
        placeholder={placeholder}
        maxLength={maxLength}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape") event.currentTarget.blur();
        }}
        className={classes("pl-8.5", beside ? "pr-2" : "pr-8")}
      />
      {text === "" && !beside && (
        <span className="-translate-y-1/2 pointer-events-none absolute top-1/2 right-2.5 hidden text-faint sm:block">
          <Kbd>/</Kbd>
        </span>
      )}
    </div>
  );
}
