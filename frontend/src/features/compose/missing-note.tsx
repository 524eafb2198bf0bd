import { TriangleAlert } from "lucide-react";
import { useEffect, useState } from "react";
import type { CampaignWords } from "@/api/types";
import { formatCount, plural } from "@/lib/numbers";
import { useMissing } from "./preview-queries";

const SETTLE_MS = 600;

/** Recipients whose message would have a hole in it, while the message is written. */
export function MissingNote({ words }: { words: CampaignWords | null }) {
  const [asked, setAsked] = useState<string | null>(null);
  const wanted = words === null ? null : JSON.stringify(words);
  useEffect(() => {
    const timer = window.setTimeout(() => setAsked(wanted), SETTLE_MS);
    return () => window.clearTimeout(timer);
  }, [wanted]);
  const missing = useMissing(asked === null ? null : (JSON.parse(asked) as CampaignWords));
  if (wanted === null || asked !== wanted || !missing.data || missing.data.count === 0) return null;
  const { count, data } = missing.data;
  return (
    <details className="mt-4 rounded-md border border-line bg-warn-wash/60">
      <summary className="flex items-center gap-2 px-3 py-2 font-medium text-[0.8125rem] text-warn">
        <TriangleAlert className="size-4 shrink-0" aria-hidden />
        {plural(count, "recipient has", "recipients have")} nothing for a variable of the message
      </summary>
      <div className="max-h-52 overflow-y-auto border-line border-t">
        <table className="w-full text-left text-xs">
          <thead className="sr-only">
            <tr>
              <th scope="col">Row</th>
              <th scope="col">Address</th>
              <th scope="col">Nothing for</th>
            </tr>
          </thead>
          <tbody>
            {data.map((each) => (
              <tr key={each.email} className="align-top">
                <td className="tabular whitespace-nowrap py-1 pl-3 text-soft">Row {each.row}</td>
                <td className="max-w-40 break-all px-3 py-1 font-mono">{each.email}</td>
                <td className="py-1 pr-3 text-soft">{each.variables.join(", ")}</td>
              </tr>
            ))}
          </tbody>
        </table>
        {count > data.length && (
          <p className="px-3 py-1.5 text-soft text-xs">and {formatCount(count - data.length)} more</p>
        )}
      </div>
      <p className="border-line border-t px-3 py-2 text-soft text-xs">
        Say what stands instead: <code className="font-mono">{'{{ city | default("your city") }}'}</code>
      </p>
    </details>
  );
}
