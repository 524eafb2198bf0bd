import { FileText, Upload, X } from "lucide-react";
import { type DragEvent, useRef, useState } from "react";
import { classes } from "@/lib/classes";
import { Button } from "@/ui/button";
import { Field, Textarea } from "@/ui/field";
import { ReadingBar } from "@/ui/reading-bar";
import { RecipientsResult } from "./recipients-result";
import type { Recipients } from "./use-recipients";

interface RecipientsFieldProps {
  text: string;
  onText: (text: string) => void;
  recipients: Recipients;
  error: string | undefined;
}

export function RecipientsField({ text, onText, recipients, error }: RecipientsFieldProps) {
  const [over, setOver] = useState(false);
  const picker = useRef<HTMLInputElement>(null);

  function onDrop(event: DragEvent) {
    event.preventDefault();
    setOver(false);
    const file = event.dataTransfer.files[0];
    if (file) recipients.addFile(file);
  }

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dropping is a shortcut; the button picks a file with the keyboard
    <div
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget as Node)) setOver(false);
      }}
      onDrop={onDrop}
      className={classes(
        "relative rounded-md",
        over && "outline-2 outline-accent outline-offset-4 outline-dashed",
      )}
    >
      <Field
        label="Recipients"
        error={error}
        aside={
          <button
            type="button"
            onClick={() => picker.current?.click()}
            className="inline-flex items-center gap-1.5 rounded font-medium text-[0.8125rem] text-accent hover:underline"
          >
            <Upload className="size-3.5" aria-hidden />
            Upload CSV or text
          </button>
        }
      >
        {(ids) =>
          recipients.file ? (
            <FileChip recipients={recipients} />
          ) : (
            <Textarea
              {...ids}
              rows={4}
              spellCheck={false}
              autoComplete="off"
              placeholder={"ada@example.com, grace@example.com\nor drop a CSV or text file here"}
              value={text}
              onChange={(event) => onText(event.target.value)}
            />
          )
        }
      </Field>
      <input
        ref={picker}
        type="file"
        accept=".csv,.txt,.tsv,text/csv,text/plain"
        className="hidden"
        aria-label="CSV or text file with recipients"
        onChange={(event) => {
          const file = event.target.files?.[0];
          if (file) recipients.addFile(file);
          event.target.value = "";
        }}
      />
      {(recipients.file || text.trim() !== "") && <RecipientsResult recipients={recipients} />}
    </div>
  );
}

function FileChip({ recipients }: { recipients: Recipients }) {
  const { file, progress } = recipients;
  if (!file) return null;
  return (
    <div className="flex items-center gap-3 rounded-md border border-line bg-raised/60 px-3 py-2.5">
      <FileText className="size-4.5 shrink-0 text-faint" aria-hidden />
      <div className="min-w-0 flex-1">
        <p className="truncate font-medium">{file.name}</p>
        {progress === null ? (
          <p className="text-faint text-xs">{formatSize(file.size)}</p>
        ) : (
          <ReadingBar name={file.name} reading={progress} />
        )}
      </div>
      <Button
        variant="quiet"
        size="iconSm"
        aria-label={`Remove ${file.name}`}
        onClick={recipients.removeFile}
      >
        <X className="size-4" aria-hidden />
      </Button>
    </div>
  );
}

function formatSize(bytes: number): string {
  if (bytes < 1_000) return `${bytes} bytes`;
  return bytes < 1_000_000 ? `${Math.round(bytes / 1_000)} KB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}
