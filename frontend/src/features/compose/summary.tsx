import { FilePen, SendHorizontal } from "lucide-react";
import type { Sender } from "@/api/types";
import { formatCount, plural } from "@/lib/numbers";
import { describeWindow } from "@/lib/windows";
import { Button } from "@/ui/button";
import { Fact, Facts } from "@/ui/facts";
import { Kbd } from "@/ui/kbd";
import { Card, CardHeader } from "@/ui/page";
import type { Draft } from "./draft";
import type { ScheduleStep } from "./queries";

interface SummaryProps {
  draft: Draft;
  count: number;
  senders: readonly Sender[];
  step: ScheduleStep | "reading";
  disabled: boolean;
  onSaveDraft: () => void;
}

const STEPS: Record<ScheduleStep | "reading", (count: number) => string> = {
  idle: (count) => (count > 0 ? `Schedule ${plural(count, "email")}` : "Schedule"),
  reading: () => "Reading recipients…",
  saving: (count) => `Saving ${plural(count, "email")}…`,
  scheduling: () => "Scheduling…",
};

export function Summary({ draft, count, senders, step, disabled, onSaveDraft }: SummaryProps) {
  return (
    <Card>
      <CardHeader title="Before it goes" />
      <Facts>
        <Fact label="Emails">
          <span className="tabular font-medium">{formatCount(count)}</span>
        </Fact>
        <Fact label="From">{senders.map((sender) => sender.from_email).join(", ") || "Not chosen"}</Fact>
        {draft.window.on && (
          <Fact label="Only">
            {describeWindow(draft.window)}
            <span className="block text-faint text-xs">{draft.zone.replaceAll("_", " ")}</span>
          </Fact>
        )}
      </Facts>
      <div className="border-line border-t p-4">
        <Button
          type="submit"
          variant="primary"
          className="h-9.5! w-full"
          busy={step !== "idle"}
          disabled={disabled}
          icon={<SendHorizontal className="size-4" aria-hidden />}
        >
          <span aria-live="polite">{STEPS[step](count)}</span>
        </Button>
        <Button
          className="mt-2 w-full"
          disabled={disabled || step !== "idle"}
          icon={<FilePen className="size-4" aria-hidden />}
          onClick={onSaveDraft}
        >
          Save as draft
        </Button>
        <p className="mt-2 hidden text-center text-faint text-xs sm:block">
          <Kbd>Ctrl</Kbd> <Kbd>Enter</Kbd> schedules
        </p>
      </div>
    </Card>
  );
}
