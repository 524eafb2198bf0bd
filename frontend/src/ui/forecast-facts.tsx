import type { Estimate } from "@/api/types";
import { useNow } from "@/lib/now";
import { formatCount } from "@/lib/numbers";
import { browserZone, formatDuration, formatExact, formatTime } from "@/lib/time";

type Binding = Estimate["binding_limits"][number];

/** What keeps a campaign from ending sooner, in plain words. */
const SAID: Record<Binding["limit"], (value: number | null) => string> = {
  delay: (ms) =>
    ms ? `the delay of ${formatDuration(ms / 1000)} between emails` : "the delay between emails",
  gap: (ms) => (ms ? `the sender’s gap of ${formatDuration(ms / 1000)}` : "the gaps of the senders"),
  connections: () => "how fast the mail server takes emails",
  mailbox_hour: (limit) =>
    limit === null
      ? "the hourly limits of the senders"
      : `the sender’s limit of ${formatCount(limit)} an hour`,
  mailbox_day: (limit) =>
    limit === null ? "the daily limits of the senders" : `the sender’s limit of ${formatCount(limit)} a day`,
  campaign_hour: (limit) =>
    limit === null
      ? "the campaign’s hourly limit"
      : `the campaign’s own limit of ${formatCount(limit)} an hour`,
  workspace_hour: (limit) =>
    limit === null
      ? "the workspace’s hourly limit"
      : `the workspace’s limit of ${formatCount(limit)} an hour`,
  window: () => "the hours at which it may send",
  queue: () => "other mail that is due earlier",
  connection: () => "a mail server that cannot be reached now",
};

/** What binds most, and what else holds it up. */
export function BindingLimits({ estimate }: { estimate: Estimate }) {
  const [first, ...others] = estimate.binding_limits.map(({ limit, value }) => SAID[limit](value));
  if (!first) return null;
  return (
    <p className="text-[0.8125rem] text-faint">
      Paced by <span className="font-medium text-ink">{first}</span>
      {others.length > 0 && `, then by ${others.join(", ")}`}
    </p>
  );
}

/** When something leaves, in the reader's zone and, where it is another, in the campaign's. */
export function SendMoment({ at, zone }: { at: string | null; zone: string }) {
  const now = useNow();
  const local = browserZone();
  if (at === null) return "Never";
  const isNow = Date.parse(at) - now.getTime() < 2_000;
  return (
    <time dateTime={at} title={formatExact(at, local)} className="tabular block">
      <span className="block font-medium">{isNow ? "Now" : formatTime(at, local, now)}</span>
      {zone !== local && (
        <span className="block text-faint text-xs">
          {formatTime(at, zone, now)} in {zone.split("/").at(-1)?.replaceAll("_", " ")}
        </span>
      )}
    </time>
  );
}
