import { useLive } from "@/api/live";
import { classes } from "@/lib/classes";

export function LiveMark() {
  const live = useLive();
  return (
    <span
      title={live ? "Changes show at once" : "No live connection; lists are read again every 15 seconds"}
      className="flex items-center gap-1.5 text-faint text-xs"
    >
      <span className={classes("size-1.5 rounded-full", live ? "bg-ok" : "bg-warn")} />
      <span className="sr-only sm:not-sr-only">{live ? "Live" : "Every 15 s"}</span>
    </span>
  );
}
