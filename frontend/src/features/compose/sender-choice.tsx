import { Link } from "@tanstack/react-router";
import type { Sender } from "@/api/types";
import { classes } from "@/lib/classes";
import { formatCount } from "@/lib/numbers";
import { buttonClasses } from "@/ui/button";
import { Skeleton } from "@/ui/states";

interface SenderChoiceProps {
  senders: readonly Sender[] | undefined; // undefined: still loading
  chosen: readonly string[];
  onChange: (ids: string[]) => void;
  error: string | undefined;
}

/** One sender or several; with several the recipients are shared out among them. */
export function SenderChoice({ senders, chosen, onChange, error }: SenderChoiceProps) {
  if (!senders) return <Skeleton className="h-14 w-full" />;
  if (senders.length === 0) {
    return (
      <div className="rounded-md border border-line border-dashed px-4 py-5 text-center">
        <p className="text-faint">There is no sender yet to send from.</p>
        <Link to="/senders" search={{ add: true }} className={`${buttonClasses()} mt-3`}>
          Add a sender
        </Link>
      </div>
    );
  }
  function toggle(id: string) {
    onChange(chosen.includes(id) ? chosen.filter((other) => other !== id) : [...chosen, id]);
  }
  return (
    <fieldset aria-describedby={error ? "sender-error" : undefined} className="min-w-0">
      <legend className="mb-1.5 font-medium text-[0.8125rem]">From</legend>
      <div className="max-h-64 divide-y divide-line overflow-y-auto rounded-md border border-line">
        {senders.map((sender) => (
          <label
            key={sender.id}
            className={classes(
              "flex cursor-pointer items-center gap-3 px-3 py-2 hover:bg-raised/60",
              chosen.includes(sender.id) && "bg-accent-wash/50",
            )}
          >
            <input
              type="checkbox"
              className="tick size-4 shrink-0"
              checked={chosen.includes(sender.id)}
              onChange={() => toggle(sender.id)}
            />
            <span className="min-w-0 flex-1">
              <span className="block truncate font-medium text-[0.8125rem]">{sender.name}</span>
              <span className="block truncate text-faint text-xs">{sender.from_email}</span>
            </span>
            <span className="shrink-0 text-right text-faint text-xs">
              {sender.state === "active" ? (
                sender.hourly_limit === null ? (
                  "No limit"
                ) : (
                  `${formatCount(sender.hourly_limit)} an hour`
                )
              ) : (
                <span className="text-warn">
                  {sender.state === "paused" ? "Paused: mail waits" : "Disabled"}
                </span>
              )}
            </span>
          </label>
        ))}
      </div>
      {error && (
        <p id="sender-error" className="mt-1.5 text-bad text-xs">
          {error}
        </p>
      )}
    </fieldset>
  );
}
