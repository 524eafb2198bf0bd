import { TriangleAlert } from "lucide-react";
import { useEffect, useState } from "react";
import { classes } from "@/lib/classes";
import { formatCount, plural } from "@/lib/numbers";
import { type Tried, useMissing } from "./queries";

const SETTLE_MS = 600;

interface MissingNoteProps {
  tried: Tried | null;
  /** Shows the message of one of them. */
  onLook?: (email: string) => void;
  className?: string;
}

/** Recipients whose message would have a hole in it, while the message is written. */
export function MissingNote({ tried, onLook, className }: MissingNoteProps) {
  const wanted = tried === null ? null : JSON.stringify(tried);
  // What is typed settles first; a campaign's words do not move.
  const [asked, setAsked] = useState(tried && "campaign" in tried ? wanted : null);
  useEffect(() => {
    const timer = window.setTimeout(() => setAsked(wanted), SETTLE_MS);
    return () => window.clearTimeout(timer);
  }, [wanted]);
  const missing = useMissing(asked === null ? null : (JSON.parse(asked) as Tried));
  if (wanted === null || asked !== wanted || !missing.data || missing.data.count === 0) return null;
  const { count, data } = missing.data;
  return (
    <details className={classes("rounded-md border border-line bg-warn-wash/60", className)}>
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
                <td className="max-w-40 break-all px-3 py-1 font-mono">
                  {onLook ? (
                    <button
                      type="button"
                      className="rounded text-left text-accent underline-offset-2 hover:underline"
                      onClick={() => onLook(each.email)}
                    >
                      {each.email}
                    </button>
                  ) : (
                    each.email
                  )}
                </td>
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
