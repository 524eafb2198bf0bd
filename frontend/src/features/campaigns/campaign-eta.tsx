import { Link } from "@tanstack/react-router";
import { CirclePause } from "lucide-react";
import type { CampaignItem, CampaignState, Estimate, Sender } from "@/api/types";
import { classes } from "@/lib/classes";
import { useNow } from "@/lib/now";
import { plural } from "@/lib/numbers";
import { browserZone } from "@/lib/time";
import { ForecastChart } from "@/ui/forecast-chart";
import { BindingLimits, SendMoment } from "@/ui/forecast-facts";
import { Card, CardHeader } from "@/ui/page";
import { SENDER_STATE } from "@/ui/sender-state";
import { ErrorState, Skeleton } from "@/ui/states";
import { RelativeTime } from "@/ui/time";
import { useCampaignEstimate } from "./queries";

/** What the forecast of a campaign that does not run yet, or not now, stands for. */
const IF: Partial<Record<CampaignState, string>> = {
  draft: "if it is scheduled now",
  paused: "if it is resumed now",
};

interface CampaignEtaProps {
  campaign: CampaignItem;
  senders: readonly Stoppable[];
}

type Stoppable = Pick<Sender, "id" | "name" | "state">;

/** When the rest of a campaign will have left, kept up to date while it runs. */
export function CampaignEta({ campaign, senders }: CampaignEtaProps) {
  const stopped = senders.filter(({ id, state }) => state !== "active" && campaign.sender_ids.includes(id));
  const { data, error, refetch } = useCampaignEstimate(campaign.id);
  return (
    <Card>
      <CardHeader title={campaign.state === "draft" ? "Forecast" : "What is left"}>
        <span className="text-faint text-xs">{IF[campaign.state]}</span>
      </CardHeader>
      {stopped.length > 0 && <Stopped senders={stopped} />}
      {error && !data ? (
        <ErrorState title="There is no forecast now" error={error} onRetry={refetch} />
      ) : data ? (
        <Shown estimate={data} narrow={campaign.state === "draft"} />
      ) : (
        <div className="grid gap-4 p-4 sm:grid-cols-[14rem_minmax(0,1fr)]">
          <Skeleton className="h-24" />
          <Skeleton className="h-24" />
        </div>
      )}
    </Card>
  );
}

const SOON_MS = 2_000; // as SendMoment has it

function Shown({ estimate, narrow }: { estimate: Estimate; narrow: boolean }) {
  const now = useNow();
  if (!estimate.last_send_at) {
    return (
      <p className="p-4 text-[0.8125rem] text-faint">
        {estimate.count > 0
          ? `${plural(estimate.count, "email")} would never leave: the sending hours never open.`
          : "All of it is on its way or waits for a person."}
      </p>
    );
  }
  return (
    <div className={classes("grid gap-x-6 gap-y-4 p-4", !narrow && "sm:grid-cols-[15rem_minmax(0,1fr)]")}>
      <div className="min-w-0 space-y-3">
        <dl className="grid grid-cols-2 gap-3">
          <Moment
            label={narrow ? "First leaves" : "Next leaves"}
            at={estimate.first_send_at}
            zone={estimate.timezone}
          />
          <Moment label="Last leaves" at={estimate.last_send_at} zone={estimate.timezone} />
        </dl>
        <p className="text-[0.8125rem] text-faint">
          {plural(estimate.count, "email")} to go
          {new Date(estimate.last_send_at).getTime() - now.getTime() > SOON_MS && (
            <>
              , the last one <RelativeTime at={estimate.last_send_at} coming />
            </>
          )}
        </p>
        <BindingLimits estimate={estimate} />
      </div>
      <ForecastChart estimate={estimate} zone={browserZone()} />
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

/** A campaign may be running and yet wait for somebody. */
function Stopped({ senders }: { senders: readonly Stoppable[] }) {
  const names = senders.map(({ name, state }) => `${name} is ${SENDER_STATE[state].label.toLowerCase()}`);
  return (
    <p className="flex items-start gap-2 border-line border-b bg-warn-wash/60 px-4 py-2.5 text-[0.8125rem]">
      <CirclePause className="mt-0.5 size-4 shrink-0 text-warn" aria-hidden />
      <span className="min-w-0 grow break-words">
        {names.join(", ")}: {senders.length === 1 ? "its" : "their"} part waits. The forecast holds once{" "}
        {senders.length === 1 ? "it sends" : "they send"} again.
      </span>
      <Link to="/senders" className="shrink-0 rounded font-medium text-accent hover:underline">
        Senders
      </Link>
    </p>
  );
}
