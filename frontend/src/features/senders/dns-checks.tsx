import { CircleAlert, CircleCheck, CircleX, type LucideIcon, RotateCw, TriangleAlert } from "lucide-react";
import type { DnsCheck, DnsRecord, Sender } from "@/api/types";
import { classes } from "@/lib/classes";
import { Button } from "@/ui/button";
import { Card, CardHeader } from "@/ui/page";
import { ErrorState, Skeleton } from "@/ui/states";
import { RelativeTime } from "@/ui/time";
import { RecordToPublish } from "./dns-record";
import { useDnsCheck } from "./queries";

const CHECKS: Record<DnsCheck["check"], { label: string; question: string }> = {
  spf: { label: "SPF", question: "May this server send for the domain?" },
  dkim: { label: "DKIM", question: "Is the mail signed, and can the signature be checked?" },
  dmarc: { label: "DMARC", question: "What should happen to mail that fails?" },
};

const STATES: Record<DnsCheck["state"], { label: string; icon: LucideIcon; colour: string }> = {
  ok: { label: "In order", icon: CircleCheck, colour: "text-ok" },
  warning: { label: "Could be better", icon: TriangleAlert, colour: "text-warn" },
  missing: { label: "Missing", icon: CircleX, colour: "text-bad" },
  error: { label: "Wrong", icon: CircleAlert, colour: "text-bad" },
};

/** Asks the DNS at once and shows what receivers find there, each with its mend. */
export function DnsChecks({ sender }: { sender: Sender }) {
  const check = useDnsCheck(sender.id);
  return (
    <Card className="mb-4">
      <CardHeader title="What receivers find in the DNS">
        <div className="flex items-center gap-3">
          {check.data && !check.isFetching && (
            <span className="text-faint text-xs max-sm:hidden">
              Checked <RelativeTime at={check.data.checked_at} />
            </span>
          )}
          <Button
            size="sm"
            busy={check.isFetching}
            icon={<RotateCw className="size-3.5" aria-hidden />}
            onClick={() => check.refetch()}
          >
            Check again
          </Button>
        </div>
      </CardHeader>
      <div aria-live="polite" aria-busy={check.isFetching}>
        {check.isPending ? (
          <div className="space-y-5 p-4">
            <span className="sr-only">Asking the name servers…</span>
            {Object.keys(CHECKS).map((key) => (
              <div key={key} className="space-y-2">
                <Skeleton className="h-4 w-1/4" />
                <Skeleton className="h-3 w-2/3" />
              </div>
            ))}
          </div>
        ) : check.isError ? (
          <ErrorState title="The check did not run" error={check.error} onRetry={() => check.refetch()} />
        ) : (
          <ul className="divide-y divide-line">
            {check.data.checks.map((each) => (
              <Finding
                key={each.check}
                check={each}
                // A key that waits has its record below, where it is also checked.
                record={each.check === "dkim" && sender.dkim === "waiting" ? null : each.record}
              />
            ))}
          </ul>
        )}
      </div>
    </Card>
  );
}

function Finding({ check, record }: { check: DnsCheck; record: DnsRecord | null }) {
  const { label, icon: Icon, colour } = STATES[check.state];
  const { label: name, question } = CHECKS[check.check];
  return (
    <li className="flex gap-3 px-4 py-3.5">
      <Icon className={classes("mt-0.5 size-4.5 shrink-0", colour)} aria-hidden />
      <div className="min-w-0 flex-1">
        <div className="flex flex-wrap items-baseline gap-x-2">
          <h3 className="font-semibold">{name}</h3>
          <span className={classes("font-medium text-xs", colour)}>{label}</span>
          <span className="text-faint text-xs max-sm:w-full">{question}</span>
        </div>
        <p className="mt-1 break-words text-soft">{check.message}</p>
        {check.mend && (
          <p className="mt-1 break-words">
            <span className="font-medium">What to do:</span> {check.mend}
          </p>
        )}
        {record && <RecordToPublish record={record} label={`Record for ${name}`} />}
        {check.found.length > 0 && (
          <details className="mt-2 text-[0.8125rem]">
            <summary className="w-fit cursor-pointer rounded text-faint hover:text-ink">
              Found at <span className="break-all font-mono text-xs">{check.name}</span>
            </summary>
            <ul className="mt-1.5 space-y-1">
              {check.found.map((text) => (
                <li
                  key={text}
                  className="wrap-anywhere rounded-md bg-raised px-2.5 py-1.5 font-mono text-soft text-xs"
                >
                  {text}
                </li>
              ))}
            </ul>
          </details>
        )}
      </div>
    </li>
  );
}
