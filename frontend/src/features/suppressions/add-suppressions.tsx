import { FileUp } from "lucide-react";
import { type FormEvent, useRef, useState } from "react";
import type { Reading } from "@/api/lists";
import type { Import } from "@/api/types";
import { formatCount, plural } from "@/lib/numbers";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Field, Textarea } from "@/ui/field";
import { ReadingBar } from "@/ui/reading-bar";
import { toast } from "@/ui/toast";
import { useAddSuppressions } from "./queries";

export function AddSuppressions({ onClose }: { onClose: () => void }) {
  const [text, setText] = useState("");
  const [reading, setReading] = useState<Reading | null>(null);
  const file = useRef<HTMLInputElement>(null);
  const stop = useRef(new AbortController());
  const add = useAddSuppressions();
  const list = add.variables?.list;
  const name = list instanceof File ? list.name : "the addresses";

  function start(chosen: string | File) {
    stop.current = new AbortController();
    const { signal } = stop.current;
    add.mutate(
      { list: chosen, onProgress: setReading, signal },
      {
        onError: (error) => {
          if (!signal.aborted) toast.error("The list could not be read", error);
        },
        onSettled: () => setReading(null),
      },
    );
  }
  function submit(event: FormEvent) {
    event.preventDefault();
    start(text);
  }
  function close() {
    stop.current.abort();
    onClose();
  }
  if (add.data) return <Result found={add.data} onClose={onClose} />;
  return (
    <Dialog title="Suppress addresses" onClose={close}>
      <form onSubmit={submit} className="space-y-4">
        <Field
          label="Addresses"
          hint="One a line, or a table as CSV; a file may have a million. Nothing more is sent to them, also what waits already."
        >
          {(ids) => (
            <Textarea
              {...ids}
              required
              rows={6}
              maxLength={10_000_000}
              value={text}
              onChange={(event) => setText(event.target.value)}
            />
          )}
        </Field>
        <input
          ref={file}
          type="file"
          aria-label="A file of addresses"
          accept=".csv,.tsv,.txt,text/csv,text/plain"
          className="sr-only"
          tabIndex={-1}
          onChange={(event) => {
            const chosen = event.target.files?.[0];
            if (chosen) start(chosen);
            event.target.value = "";
          }}
        />
        {reading && <ReadingBar name={name} reading={reading} />}
        <div className="flex flex-wrap justify-end gap-2">
          <Button
            className="mr-auto"
            icon={<FileUp className="size-4" aria-hidden />}
            disabled={add.isPending}
            onClick={() => file.current?.click()}
          >
            Choose a file
          </Button>
          <Button onClick={close}>Cancel</Button>
          <Button type="submit" variant="primary" busy={add.isPending}>
            Suppress
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

const SHOWN = 20;

function Result({ found, onClose }: { found: Import; onClose: () => void }) {
  const left = found.invalid_count - Math.min(found.invalid.length, SHOWN);
  return (
    <Dialog title="Suppress addresses" onClose={onClose}>
      <div role="status">
        <p className="font-medium">{plural(found.valid, "address", "addresses")} added</p>
        <p className="mt-1 text-soft">{rest(found)}</p>
      </div>
      {found.invalid_count > 0 && (
        <ul className="mt-3 max-h-60 divide-y divide-line overflow-y-auto rounded-md border border-line">
          {found.invalid.slice(0, SHOWN).map((bad) => (
            <li key={bad.row} className="px-3 py-2 text-[0.8125rem]">
              <span className="text-faint">Row {bad.row}:</span>{" "}
              <span className="break-words">{bad.value}</span>
              <p className="text-faint text-xs">{bad.reason}</p>
            </li>
          ))}
          {left > 0 && <li className="px-3 py-2 text-faint text-xs">and {formatCount(left)} more</li>}
        </ul>
      )}
      <div className="mt-5 flex items-center justify-end gap-4">
        {found.invalid_count + found.duplicates + found.suppressed > 0 && (
          <a
            href={`/v1/imports/${found.import_id}/report.csv`}
            download
            className="mr-auto text-[0.8125rem] text-accent hover:underline"
          >
            Report
          </a>
        )}
        <Button data-autofocus variant="primary" onClick={onClose}>
          Done
        </Button>
      </div>
    </Dialog>
  );
}

function rest({ suppressed, duplicates, invalid_count }: Import): string {
  const parts = [];
  if (suppressed > 0) parts.push(`${formatCount(suppressed)} there already`);
  if (duplicates > 0) parts.push(`${formatCount(duplicates)} twice in the list`);
  if (invalid_count > 0) parts.push(`${formatCount(invalid_count)} that cannot be read`);
  return parts.length > 0 ? `Left out: ${parts.join(", ")}.` : "Nothing more is sent to them.";
}
