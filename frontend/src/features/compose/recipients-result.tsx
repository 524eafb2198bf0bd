import { CircleCheck, LoaderCircle, TriangleAlert } from "lucide-react";
import type { Import } from "@/api/types";
import { formatCount, plural } from "@/lib/numbers";
import { ColumnMapping } from "./column-mapping";
import type { Recipients } from "./use-recipients";

const SHOWN_ROWS = 50;

/** How many addresses were found: counted by the browser at once, then confirmed by the server. */
export function RecipientsResult({ recipients }: { recipients: Recipients }) {
  const { parsed, counted, checking } = recipients;
  const count = parsed ? parsed.valid : counted.unique;
  return (
    <div className="mt-2">
      <p aria-live="polite" className="flex flex-wrap items-center gap-x-2 gap-y-0.5 text-[0.8125rem]">
        {checking ? (
          <LoaderCircle className="size-4 animate-spin text-faint" aria-hidden />
        ) : (
          parsed && <CircleCheck className="size-4 text-ok" aria-hidden />
        )}
        <span className="tabular font-medium" data-testid="address-count">
          {plural(count, "address", "addresses")} found
        </span>
        {parsed ? <Left parsed={parsed} /> : checking && <span className="text-faint">checking…</span>}
      </p>
      {parsed && parsed.invalid.length > 0 && (
        <InvalidRows rows={parsed.invalid} count={parsed.invalid_count} />
      )}
      {recipients.found && recipients.found.columns.length > 1 && (
        <ColumnMapping
          key={recipients.found.import_id}
          found={recipients.found}
          names={recipients.names}
          busy={checking}
          onRename={recipients.rename}
        />
      )}
    </div>
  );
}

function Left({ parsed }: { parsed: Import }) {
  const parts: string[] = [];
  if (parsed.duplicates > 0) parts.push(`${plural(parsed.duplicates, "duplicate")} left out`);
  if (parsed.suppressed > 0) parts.push(`${formatCount(parsed.suppressed)} on the suppression list`);
  if (parsed.roles > 0)
    parts.push(`${plural(parsed.roles, "address", "addresses")} of a role, such as info@`);
  if (parts.length === 0 && parsed.invalid_count === 0) return null;
  return (
    <span className="text-faint">
      {parts.map((part) => `${part} · `)}
      <a href={`/v1/imports/${parsed.import_id}/report.csv`} download className="text-accent hover:underline">
        Report
      </a>
    </span>
  );
}

function InvalidRows({ rows, count }: { rows: Import["invalid"]; count: number }) {
  return (
    <details className="mt-2 rounded-md border border-line bg-warn-wash/60" open={count <= 5}>
      <summary className="flex items-center gap-2 px-3 py-2 font-medium text-[0.8125rem] text-warn">
        <TriangleAlert className="size-4 shrink-0" aria-hidden />
        {plural(count, "row is", "rows are")} left out
      </summary>
      <div className="max-h-52 overflow-y-auto border-line border-t">
        <table className="w-full text-left text-xs">
          <thead className="sr-only">
            <tr>
              <th scope="col">Row</th>
              <th scope="col">Value</th>
              <th scope="col">Reason</th>
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, SHOWN_ROWS).map((row) => (
              <tr key={`${row.row} ${row.value}`} className="align-top">
                <td className="tabular whitespace-nowrap py-1 pl-3 text-faint">Row {row.row}</td>
                <td className="max-w-40 break-all px-3 py-1 font-mono">{row.value}</td>
                <td className="py-1 pr-3 text-soft">{row.reason}</td>
              </tr>
            ))}
          </tbody>
        </table>
        {count > SHOWN_ROWS && (
          <p className="px-3 py-1.5 text-faint text-xs">and {formatCount(count - SHOWN_ROWS)} more</p>
        )}
      </div>
    </details>
  );
}
