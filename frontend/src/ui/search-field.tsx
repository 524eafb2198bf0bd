import { Search } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { Input } from "./field";
import { Kbd } from "./kbd";

const SETTLE_MS = 250;

/** A search box that tells its text once typing pauses. `/` focuses it from anywhere (data-search). */
export function SearchField({
  value,
  onChange,
  label,
}: {
  value: string;
  onChange: (value: string) => void;
  label: string;
}) {
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
    <div className="relative min-w-0 grow sm:max-w-xs">
      <Search
        className="pointer-events-none absolute top-1/2 left-2.5 size-4 -translate-y-1/2 text-faint"
        aria-hidden
      />
      <Input
        type="search"
        data-search
        aria-label={label}
        placeholder={label}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape") event.currentTarget.blur();
        }}
        className="pr-8 pl-8.5"
      />
      {text === "" && (
        <span className="-translate-y-1/2 pointer-events-none absolute top-1/2 right-2.5 hidden text-faint sm:block">
          <Kbd>/</Kbd>
        </span>
      )}
    </div>
  );
}
