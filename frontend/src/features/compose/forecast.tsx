import { ChartNoAxesColumn, RotateCw } from "lucide-react";
import { ApiError } from "@/api/client";
import type { Estimate } from "@/api/types";
import { browserZone, formatDuration } from "@/lib/time";
import { Button } from "@/ui/button";
import { ForecastChart } from "@/ui/forecast-chart";
import { BindingLimits, SendMoment } from "@/ui/forecast-facts";
import { Card, CardHeader } from "@/ui/page";
import { Skeleton } from "@/ui/states";
import { type Draft, estimateOf } from "./draft";
import { useEstimate } from "./use-estimate";

/** When the draft would leave, as it is typed now. */
export function Forecast({ draft, count }: { draft: Draft; count: number }) {
  const wanted = estimateOf(draft, count);
  const { data, error, isPending, stale, refetch } = useEstimate(wanted);
  return (
    <Card>
      <CardHeader title="Forecast">{data && wanted && !error && <Length estimate={data} />}</CardHeader>
      <div className="p-4" aria-busy={stale && wanted !== null}>
        {wanted === null ? (
          <Nothing>
            {count === 0
              ? "Add recipients to see when they would get it."
              : "It shows once the timing can be read."}
          </Nothing>
        ) : error && !stale ? (
          <Failed error={error} onRetry={refetch} />
        ) : isPending || !data ? (
          <Waiting />
        ) : (
          <Shown estimate={data} draft={draft} stale={stale} />
        )}
      </div>
    </Card>
  );
}

function Length({ estimate }: { estimate: Estimate }) {
  if (!estimate.first_send_at || !estimate.last_send_at) return null;
  const seconds = (Date.parse(estimate.last_send_at) - Date.parse(estimate.first_send_at)) / 1000;
  return <span className="tabular text-faint text-xs">{formatDuration(Math.round(seconds))} in all</span>;
}

function Shown({ estimate, draft, stale }: { estimate: Estimate; draft: Draft; stale: boolean }) {
  if (!estimate.first_send_at)
    return <Nothing>Nothing of it would leave: its sending hours never open.</Nothing>;
  return (
    <div className="space-y-3">
      <dl className="grid grid-cols-2 gap-3">
        <Moment label="First leaves" at={estimate.first_send_at} zone={draft.zone} />
        <Moment label="Last leaves" at={estimate.last_send_at} zone={draft.zone} />
      </dl>
      <ForecastChart estimate={estimate} zone={browserZone()} stale={stale} />
      <BindingLimits estimate={estimate} />
      <details className="group text-xs">
        <summary className="w-fit cursor-pointer rounded text-faint hover:text-soft">
          What this rests on
        </summary>
        <ul className="mt-1.5 list-disc space-y-1 pl-4 text-faint">
          {estimate.assumptions.map((each) => (
            <li key={each}>{each}</li>
          ))}
        </ul>
      </details>
    </div>
  );
}

function Moment({ label, at, zone }: { label: string; at: string | null; zone: string }) {
  return (
    <div className="min-w-0">
      <dt className="text-faint text-xs">{label}</dt>
      <dd>
        <SendMoment at={at} zone={zone} />
      </dd>
    </div>
  );
}

function Failed({ error, onRetry }: { error: Error; onRetry: () => void }) {
  const wrong = error instanceof ApiError && error.status === 422;
  return (
    <div role="status" className="text-[0.8125rem]">
      <p className={wrong ? "text-soft" : "text-bad"}>{error.message}</p>
      {!wrong && (
        <Button className="mt-2" icon={<RotateCw className="size-4" aria-hidden />} onClick={onRetry}>
          Try again
        </Button>
      )}
    </div>
  );
}

function Nothing({ children }: { children: string }) {
  return (
    <p className="flex items-center gap-2.5 py-2 text-[0.8125rem] text-faint">
      <ChartNoAxesColumn className="size-5 shrink-0" aria-hidden />
      {children}
    </p>
  );
}

function Waiting() {
  return (
    <div className="space-y-3">
      <div className="grid grid-cols-2 gap-3">
        <Skeleton className="h-9" />
        <Skeleton className="h-9" />
      </div>
      <Skeleton className="h-24 w-full" />
    </div>
  );
}
