import { ChevronDown, X } from "lucide-react";
import { useState } from "react";
import type { Email } from "@/api/types";
import { formatCount, plural } from "@/lib/numbers";
import { Button, buttonClasses } from "@/ui/button";
import { Confirm } from "@/ui/dialog";
import { EMAIL_STATUS, may } from "@/ui/email-status";
import { Menu, MenuItem } from "@/ui/menu";
import type { Selection } from "@/ui/selection";
import { toast } from "@/ui/toast";
import { type Choice, DECISIONS } from "./decisions";
import { type BulkOrder, useBulk } from "./queries";

/** An order for many, ready to be given: to whom, what is asked before and what is told after. */
interface Order {
  readonly order: BulkOrder;
  readonly title: string;
  readonly warning?: string;
  readonly done: (count: number) => string;
}

interface BulkBarProps {
  rows: readonly Email[];
  selection: Selection;
}

/** What may be done with the rows that are ticked; each button says to how many of them. */
export function BulkBar({ rows, selection }: BulkBarProps) {
  const [asked, setAsked] = useState<Order | null>(null);
  const bulk = useBulk();
  if (!selection.some) return null;
  const chosen = rows.filter(({ id }) => selection.has(id));
  const cancellable = idsOf(chosen.filter(({ status }) => may("cancel", status)));
  const retryable = idsOf(chosen.filter(({ status }) => may("retry", status)));

  function give({ order, title, done }: Order) {
    bulk.mutate(order, {
      onSuccess: ({ done: count, refusals }) => {
        if (count > 0) toast.done(done(count));
        if (refusals.length > 0) {
          toast.error(`${formatCount(refusals.length)} stayed as they were`, new Error(first(refusals)));
        }
        selection.setAll(false);
      },
      onError: (error) => toast.error(`Could not ${title.toLowerCase()}`, error),
      onSettled: () => setAsked(null),
    });
  }

  return (
    <>
      <div className="pointer-events-none sticky bottom-3 z-20 flex justify-center px-3 py-2">
        <section
          aria-label="Selected messages"
          className="pointer-events-auto flex max-w-full animate-rise flex-wrap items-center gap-1.5 rounded-lg border border-line bg-surface p-1.5 shadow-raised"
        >
          <p aria-live="polite" className="tabular px-2 font-medium text-[0.8125rem]">
            {formatCount(chosen.length)} selected
          </p>
          {!selection.all && (
            <Button variant="quiet" size="sm" onClick={() => selection.setAll(true)}>
              All {formatCount(rows.length)} here
            </Button>
          )}
          <Button
            size="sm"
            rests={retryable.length === 0 ? "Only what failed or was missed can be tried again." : null}
            busy={bulk.isPending}
            onClick={() => setAsked(retryOf(retryable))}
          >
            Try again{counted(retryable)}
          </Button>
          <Decide chosen={chosen} onChoose={(order) => (order.warning ? setAsked(order) : give(order))} />
          <Button
            size="sm"
            variant="danger"
            rests={cancellable.length === 0 ? "Only what still waits can be cancelled." : null}
            busy={bulk.isPending}
            onClick={() => setAsked(cancelOf(cancellable))}
          >
            Cancel{counted(cancellable)}
          </Button>
          <Button
            variant="quiet"
            size="iconSm"
            aria-label="Clear the selection"
            onClick={() => selection.setAll(false)}
          >
            <X className="size-4" aria-hidden />
          </Button>
        </section>
      </div>
      {asked && (
        <Confirm
          title={`${asked.title}?`}
          message={asked.warning}
          action={asked.title}
          keep="Not now"
          busy={bulk.isPending}
          onConfirm={() => give(asked)}
          onClose={() => setAsked(null)}
        />
      )}
    </>
  );
}

interface DecideProps {
  chosen: readonly Email[];
  onChoose: (order: Order) => void;
}

/** The decisions of both statuses that ask for one, each with the number that it concerns. */
function Decide({ chosen, onChoose }: DecideProps) {
  const open = chosen.filter(({ status }) => may("resolve", status));
  if (open.length === 0) {
    return (
      <Button size="sm" rests="Only what is uncertain or held needs a decision.">
        Decide
      </Button>
    );
  }
  return (
    <Menu
      label={`Decide about ${plural(open.length, "message")}`}
      side="above"
      className={buttonClasses({ size: "sm" })}
      trigger={
        <>
          Decide{counted(open)}
          <ChevronDown className="size-3.5" aria-hidden />
        </>
      }
    >
      {(["uncertain", "held"] as const).map((status) => {
        const ids = idsOf(open.filter((email) => email.status === status));
        return (
          ids.length > 0 && (
            <div key={status} className="border-line not-first:border-t py-1">
              <p className="px-2.5 pt-1 pb-1.5 text-faint text-xs">
                {formatCount(ids.length)} {EMAIL_STATUS[status].label.toLowerCase()}
              </p>
              {DECISIONS[status].map((choice) => (
                <MenuItem key={choice.action} onSelect={() => onChoose(decisionOf(choice, ids))}>
                  <span>
                    {choice.label}
                    <span className="block text-faint text-xs">{choice.meaning}</span>
                  </span>
                </MenuItem>
              ))}
            </div>
          )
        );
      })}
    </Menu>
  );
}

function cancelOf(ids: readonly string[]): Order {
  return {
    order: { action: "cancel", ids },
    title: `Cancel ${plural(ids.length, "message")}`,
    warning: "What is cancelled is not sent. This cannot be undone.",
    done: (count) => `${plural(count, "message")} cancelled`,
  };
}

function retryOf(ids: readonly string[]): Order {
  return {
    order: { action: "retry", ids },
    title: `Send ${plural(ids.length, "message")} again`,
    warning: "They go within the same limits. What was dropped in doubt may arrive twice.",
    done: (count) => `${formatCount(count)} will be sent again`,
  };
}

function decisionOf({ action, label, warning, done }: Choice, ids: readonly string[]): Order {
  return {
    order: { action, ids },
    title: `${label}: ${plural(ids.length, "message")}`,
    ...(warning && { warning }),
    done,
  };
}

function idsOf(emails: readonly Email[]): string[] {
  return emails.map(({ id }) => id);
}

function counted(list: readonly unknown[]): string {
  return list.length > 0 ? ` ${formatCount(list.length)}` : "";
}

/** The first reasons, each once. */
function first(refusals: readonly string[]): string {
  return [...new Set(refusals)].slice(0, 3).join(" ");
}
