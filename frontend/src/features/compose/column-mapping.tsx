import { Columns3 } from "lucide-react";
import { type KeyboardEvent, useState } from "react";
import { ApiError } from "@/api/client";
import type { Import } from "@/api/types";
import { plural } from "@/lib/numbers";
import { Button } from "@/ui/button";
import { Input } from "@/ui/field";
import type { ColumnNames } from "./queries";

interface ColumnMappingProps {
  /** The list as it was read first: its columns in their order. */
  found: Import;
  names: ColumnNames;
  busy: boolean;
  onRename: (names: ColumnNames) => Promise<void>;
}

/** What the message may call each column of the list. A name that is taken away leaves the column out. */
export function ColumnMapping({ found, names, busy, onRename }: ColumnMappingProps) {
  const [draft, setDraft] = useState<ColumnNames>(names);
  const [problem, setProblem] = useState<{ place: number | null; message: string } | null>(null);
  const changed = draft.some((name, place) => name !== names[place]);
  const used = names.filter((name) => name !== null).length;

  function set(place: number, name: string | null) {
    setProblem(null);
    setDraft((old) => old.map((each, i) => (i === place ? name : each)));
  }

  async function apply() {
    setProblem(null);
    try {
      await onRename(draft.map((name) => name?.trim() || null));
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") return;
      setProblem(problemOf(error));
    }
  }

  function onKeyDown(event: KeyboardEvent) {
    if (event.key !== "Enter" || event.ctrlKey || event.metaKey) return;
    event.preventDefault(); // or the campaign would be scheduled
    if (changed && !busy) apply();
  }

  return (
    <details className="mt-2 rounded-md border border-line">
      <summary className="flex items-center gap-2 px-3 py-2 font-medium text-[0.8125rem]">
        <Columns3 className="size-4 shrink-0 text-faint" aria-hidden />
        {plural(used, "column")} for the message
      </summary>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: Enter belongs to the fields inside */}
      <div className="border-line border-t px-3 pt-2 pb-3" onKeyDown={onKeyDown}>
        <div className="max-h-72 overflow-y-auto">
          <table className="w-full text-left text-[0.8125rem]">
            <thead>
              <tr className="text-faint text-xs">
                <th scope="col" className="py-1 pr-3 font-medium">
                  Column
                </th>
                <th scope="col" className="py-1 pr-3 font-medium">
                  In the message
                </th>
                <th scope="col" className="py-1 font-medium">
                  Use
                </th>
              </tr>
            </thead>
            <tbody>
              {found.columns.map((column, place) => (
                <tr key={column} className="align-top">
                  <td className="max-w-40 py-1 pr-3">
                    <span className="block truncate font-medium">{column}</span>
                    <span className="block truncate text-faint text-xs">{sampleOf(found, column)}</span>
                  </td>
                  <td className="py-1 pr-3">
                    <Input
                      className="font-mono text-xs!"
                      aria-label={`Name of ${column} in the message`}
                      aria-invalid={problem?.place === place || undefined}
                      autoComplete="off"
                      spellCheck={false}
                      maxLength={200}
                      disabled={draft[place] === null || column === "email"}
                      value={draft[place] ?? ""}
                      onChange={(event) => set(place, event.target.value)}
                    />
                  </td>
                  <td className="py-2.5">
                    <input
                      type="checkbox"
                      className="size-4 accent-accent"
                      aria-label={`Use ${column}`}
                      disabled={column === "email"}
                      checked={draft[place] !== null}
                      onChange={(event) => set(place, event.target.checked ? column : null)}
                    />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
        {problem && (
          <p role="alert" className="mt-2 text-bad text-xs">
            {problem.message}
          </p>
        )}
        <div className="mt-2 flex items-center gap-3">
          <Button size="sm" busy={busy} disabled={!changed} onClick={apply}>
            Apply
          </Button>
          <span className="text-faint text-xs">The message uses a column as {"{{ name }}"}.</span>
        </div>
      </div>
    </details>
  );
}

function sampleOf(found: Import, column: string): string {
  const first = found.sample[0];
  if (!first) return "";
  if (column === "email") return first.email;
  if (column === "name") return first.name ?? "empty";
  const value = first.variables[column];
  return value === undefined || value === null || value === "" ? "empty" : String(value);
}

function problemOf(error: unknown): { place: number | null; message: string } {
  const message = error instanceof Error ? error.message : "The list could not be read again.";
  if (!(error instanceof ApiError)) return { place: null, message };
  const first = error.errors[0];
  const place = /^columns\[(\d+)\]$/.exec(first?.path ?? "")?.[1];
  return { place: place === undefined ? null : Number(place), message: first?.message ?? message };
}
