import { useRef, useState } from "react";

/** Which rows of a page are ticked. */
export interface Selection {
  readonly ids: readonly string[]; // in the order of the rows
  readonly all: boolean;
  readonly some: boolean;
  has: (id: string) => boolean;
  /** With `span`, all from the row that was ticked last become as this one. */
  toggle: (id: string, span: boolean) => void;
  setAll: (on: boolean) => void;
}

const NOTHING: ReadonlySet<string> = new Set();

/** What leaves the page leaves the selection: nobody orders what they do not see. */
export function useSelection(rows: readonly { id: string }[] | undefined): Selection {
  const [ticked, setTicked] = useState(NOTHING);
  const anchor = useRef<string | null>(null);
  const order = rows?.map(({ id }) => id) ?? [];
  const ids = order.filter((id) => ticked.has(id));
  return {
    ids,
    all: ids.length > 0 && ids.length === order.length,
    some: ids.length > 0,
    has: (id) => ticked.has(id),
    toggle: (id, span) => {
      const from = span && anchor.current !== null ? order.indexOf(anchor.current) : -1;
      const to = order.indexOf(id);
      const touched = from === -1 ? [id] : order.slice(Math.min(from, to), Math.max(from, to) + 1);
      const on = !ticked.has(id);
      const next = new Set(ids);
      for (const each of touched) {
        if (on) next.add(each);
        else next.delete(each);
      }
      anchor.current = id;
      setTicked(next);
    },
    setAll: (on) => {
      anchor.current = null;
      setTicked(on ? new Set(order) : NOTHING);
    },
  };
}
