import type { Reading } from "@/api/lists";

/** How far a file is on its way to the server, and then through it. */
export function ReadingBar({ name, reading }: { name: string; reading: Reading }) {
  const { step, share } = reading;
  const isReading = step === "reading";
  return (
    <div className="flex items-center gap-2 text-faint text-xs">
      <span className="shrink-0">{isReading ? "Reading" : "Uploading"}</span>
      <progress
        aria-label={`${isReading ? "Reading" : "Upload"} of ${name}`}
        value={isReading || share < 1 ? share : undefined}
        className="h-1.5 w-full accent-accent"
      />
      {isReading && <span className="tabular shrink-0">{Math.round(share * 100)} %</span>}
    </div>
  );
}
