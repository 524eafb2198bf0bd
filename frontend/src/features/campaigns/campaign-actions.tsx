import { Link } from "@tanstack/react-router";
import { Copy, Download, Pause, Pencil, Play, RotateCw, SendHorizontal } from "lucide-react";
import type { CampaignItem, CampaignState } from "@/api/types";
import { formatCount, plural } from "@/lib/numbers";
import { Button, buttonClasses } from "@/ui/button";
import { useLooksOnly } from "@/ui/looks-only";
import { toast } from "@/ui/toast";
import { CancelCampaign } from "./cancel-campaign";
import {
  type CampaignAction,
  exportPath,
  useCampaignAction,
  useDuplicateCampaign,
  useRetryFailed,
} from "./queries";
import { countOf, mayDo } from "./status";

interface Step {
  readonly action: CampaignAction;
  readonly label: string;
  readonly done: string;
  readonly icon: typeof Play;
  readonly variant: "primary" | "secondary";
}

const SCHEDULE: Step = {
  action: "schedule",
  label: "Schedule",
  done: "Campaign scheduled",
  icon: SendHorizontal,
  variant: "primary",
};
const PAUSE: Step = {
  action: "pause",
  label: "Pause",
  done: "Campaign paused; its mail waits",
  icon: Pause,
  variant: "secondary",
};
const RESUME: Step = {
  action: "resume",
  label: "Resume",
  done: "Campaign resumed",
  icon: Play,
  variant: "primary",
};

/** What may be done next in each state, beside cancelling. */
const NEXT: Record<CampaignState, Step | null> = {
  draft: SCHEDULE,
  scheduled: PAUSE,
  running: PAUSE,
  paused: RESUME,
  completed: null,
  cancelled: null,
};

interface CampaignActionsProps {
  campaign: CampaignItem;
  onDuplicated: (id: string) => void;
}

export function CampaignActions({ campaign, onDuplicated }: CampaignActionsProps) {
  const step = NEXT[campaign.state];
  return (
    <>
      {campaign.state !== "draft" && (
        <a href={exportPath(campaign.id)} download className={buttonClasses()}>
          <Download className="size-4" aria-hidden />
          Export CSV
        </a>
      )}
      <CancelCampaign campaign={campaign} />
      <Duplicate id={campaign.id} onDuplicated={onDuplicated} />
      {campaign.state === "draft" && <EditLink id={campaign.id} />}
      <RetryFailed campaign={campaign} />
      {step && <StepButton key={step.action} campaign={campaign} step={step} />}
    </>
  );
}

function Duplicate({ id, onDuplicated }: { id: string; onDuplicated: (id: string) => void }) {
  const duplicate = useDuplicateCampaign();
  return (
    <Button
      changes
      busy={duplicate.isPending}
      icon={<Copy className="size-4" aria-hidden />}
      onClick={() =>
        duplicate.mutate(id, {
          onSuccess: (copy) => {
            toast.done("Campaign duplicated", "It is a draft: schedule it when you like.");
            onDuplicated(copy.id);
          },
          onError: (error) => toast.error("Could not duplicate the campaign", error),
        })
      }
    >
      Duplicate
    </Button>
  );
}

function EditLink({ id }: { id: string }) {
  if (useLooksOnly()) return null;
  return (
    <Link to="/campaigns/$id/edit" params={{ id }} className={buttonClasses()}>
      <Pencil className="size-4" aria-hidden />
      Edit
    </Link>
  );
}

function StepButton({ campaign, step }: { campaign: CampaignItem; step: Step }) {
  const run = useCampaignAction(step.action);
  return (
    <Button
      variant={step.variant}
      changes
      busy={run.isPending}
      icon={<step.icon className="size-4" aria-hidden />}
      onClick={() =>
        run.mutate(campaign.id, {
          onSuccess: () => toast.done(step.done),
          onError: (error) => toast.error(`Could not ${step.action} the campaign`, error),
        })
      }
    >
      {step.action === "schedule" ? `Schedule ${plural(campaign.recipient_count, "email")}` : step.label}
    </Button>
  );
}

/** Stands while something failed; what only a person can decide is left to the list below. */
function RetryFailed({ campaign }: { campaign: CampaignItem }) {
  const retry = useRetryFailed();
  const failed = countOf(campaign, "failed");
  if (failed === 0) return null;
  return (
    <Button
      busy={retry.isPending}
      changes
      rests={mayDo("retry", campaign.state) ? null : "Nothing of a cancelled campaign is sent again."}
      icon={<RotateCw className="size-4" aria-hidden />}
      onClick={() =>
        retry.mutate(campaign.id, {
          onSuccess: ({ count }) =>
            count > 0
              ? toast.done(`${formatCount(count)} will be sent again`)
              : toast.done("Nothing is sent again", "What failed was given up in doubt, or did arrive."),
          onError: (error) => toast.error("Could not try again what failed", error),
        })
      }
    >
      Retry {formatCount(failed)} failed
    </Button>
  );
}
