import { type PointerEvent, useState } from "react";
import { type Bar, hasRoomFor, roundUp } from "@/lib/bars";
import { classes } from "@/lib/classes";
import { formatCount } from "@/lib/numbers";

interface BarChartProps {
  bars: readonly Bar[];
  /** What it shows: "Emails in each hour". */
  label: string;
  /** A bar by name: "Mon 3 Mar, 09:00". */
  nameOf: (bar: Bar) => string;
  /** What is counted: "emails". */
  unit: string;
  /** It is about to be replaced: shown paler. */
  stale?: boolean;
  /** The most that a bar may reach: a line across where there is room, and words beside each figure. */
  limit?: number | null;
}

const WIDTH = 320;
const HEIGHT = 96;
const FEWEST = 8; // places, so that a single bar is no wall

/**
 * Bars over time. The pointer, a finger or the arrow keys read them one by one: over the picture lies a slider that says the
 * bar's name and figure. The same figures are a table for those who cannot see the picture.
 */
export function BarChart({ bars, label, nameOf, unit, stale = false, limit = null }: BarChartProps) {
  const [at, setAt] = useState<number | null>(null);
  const most = Math.max(1, ...bars.map(({ count }) => count));
  const drawn = hasRoomFor(limit, bars) ? limit : null;
  const top = roundUp(Math.max(most, drawn ?? 0));
  const step = WIDTH / Math.max(bars.length, FEWEST);
  const chosen = at === null ? undefined : bars[at];
  const words = (bar: Bar) =>
    `${nameOf(bar)}: ${formatCount(bar.count)}${limit === null ? "" : ` of at most ${formatCount(limit)}`} ${unit}`;

  function point({ clientX, currentTarget }: PointerEvent) {
    const { left, width } = currentTarget.getBoundingClientRect();
    const place = Math.floor(((clientX - left) / width) * (WIDTH / step));
    setAt(place >= 0 && place < bars.length ? place : null);
  }

  return (
    <figure className={classes("transition-opacity", stale && "opacity-60")}>
      <div className="tabular mb-1 flex items-baseline justify-between gap-2 text-xs">
        <span className={classes("min-w-0 truncate", chosen ? "text-ink" : "text-faint")}>
          {chosen ? words(chosen) : label}
        </span>
        <span className="shrink-0 text-faint" title={`The upper line is ${formatCount(top)} ${unit}`}>
          {formatCount(top)}
        </span>
      </div>
      <div className="relative rounded-sm has-[:focus-visible]:outline-2 has-[:focus-visible]:outline-accent has-[:focus-visible]:outline-offset-2">
        <svg
          viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
          preserveAspectRatio="none"
          className="block h-24 w-full"
          aria-hidden="true"
        >
          {[0.5, HEIGHT / 2, HEIGHT - 0.5].map((y) => (
            <line
              key={y}
              x1={0}
              x2={WIDTH}
              y1={y}
              y2={y}
              className="stroke-line"
              vectorEffect="non-scaling-stroke"
            />
          ))}
          {drawn !== null && (
            <line
              x1={0}
              x2={WIDTH}
              y1={HEIGHT - (drawn / top) * (HEIGHT - 1)}
              y2={HEIGHT - (drawn / top) * (HEIGHT - 1)}
              strokeDasharray="4 3"
              className="stroke-warn"
              vectorEffect="non-scaling-stroke"
            />
          )}
          {bars.map(({ start, count }, i) => {
            const height = count === 0 ? 0 : Math.max(1.5, (count / top) * (HEIGHT - 1));
            return (
              <rect
                key={start}
                x={i * step + step * 0.1}
                y={HEIGHT - height}
                width={step * 0.8}
                height={height}
                className={at === null || at === i ? "fill-accent-fill" : "fill-accent-fill/50"}
              />
            );
          })}
        </svg>
        <input
          type="range"
          min={0}
          max={bars.length - 1}
          value={at ?? 0}
          aria-label={label}
          aria-valuetext={words(chosen ?? (bars[0] as Bar))}
          onChange={(event) => setAt(event.target.valueAsNumber)}
          onFocus={() => setAt((old) => old ?? 0)}
          onBlur={() => setAt(null)}
          onPointerMove={point}
          onPointerLeave={() => setAt(null)}
          className="absolute inset-0 m-0 h-full w-full cursor-default opacity-0"
        />
      </div>
      <Ends bars={bars} nameOf={nameOf} />
      <table className="sr-only">
        <caption>{label}</caption>
        <thead>
          <tr>
            <th scope="col">From</th>
            <th scope="col">Number of {unit}</th>
          </tr>
        </thead>
        <tbody>
          {bars
            .filter(({ count }) => count > 0)
            .map((bar) => (
              <tr key={bar.start}>
                <th scope="row">{nameOf(bar)}</th>
                <td>{formatCount(bar.count)}</td>
              </tr>
            ))}
        </tbody>
      </table>
    </figure>
  );
}

/** Where the time axis begins and ends. */
function Ends({ bars, nameOf }: Pick<BarChartProps, "bars" | "nameOf">) {
  const first = bars[0];
  const last = bars.at(-1);
  return (
    <div aria-hidden className="tabular mt-1 flex justify-between gap-2 text-[0.6875rem] text-faint">
      <span>{first && nameOf(first)}</span>
      {bars.length >= FEWEST && <span>{last && nameOf(last)}</span>}
    </div>
  );
}
