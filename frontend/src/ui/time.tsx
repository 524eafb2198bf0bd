import { useNow } from "@/lib/now";
import { browserZone, formatExact, formatMoment, formatRelative, formatTime, zoneOffset } from "@/lib/time";

/** An instant in the reader's zone. The title has the second, the offset and how far away it is. */
export function Time({ at, zone, seconds }: { at: string; zone?: string | undefined; seconds?: boolean }) {
  const now = useNow();
  const local = browserZone();
  const other = zone && zone !== local ? `\n${formatExact(at, zone)} (${zone})` : "";
  return (
    <time
      dateTime={at}
      title={`${formatExact(at, local)} (${local})${other}\n${formatRelative(at, now)}`}
      className="tabular whitespace-nowrap"
    >
      {formatTime(at, local, now, seconds)}
    </time>
  );
}

/** How far away an instant is, kept up to date. What was to come and has passed meanwhile is "now". */
export function RelativeTime({ at, coming = false }: { at: string; coming?: boolean }) {
  const present = useNow();
  const now = coming && present > new Date(at) ? new Date(at) : present;
  return (
    <time dateTime={at} title={formatExact(at, browserZone())} className="tabular whitespace-nowrap">
      {formatRelative(at, now)}
    </time>
  );
}

/** The full moment in the reader's zone and, where another is given, in that one too. */
export function ExactTime({ at, zone }: { at: string; zone?: string | undefined }) {
  const local = browserZone();
  const zones = zone && zone !== local ? [local, zone] : [local];
  return zones.map((each) => (
    <time key={each} dateTime={at} className="tabular mb-1 block last:mb-0">
      {formatMoment(at, each)}
      <span className="block text-faint text-xs">
        {[...new Set([each.replaceAll("_", " "), zoneOffset(each, new Date(at))])].join(", ")}
      </span>
    </time>
  ));
}
