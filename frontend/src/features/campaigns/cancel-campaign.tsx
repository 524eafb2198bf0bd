import { useState } from "react";
import type { CampaignItem } from "@/api/types";
import { plural } from "@/lib/numbers";
import { Button } from "@/ui/button";
import { Confirm } from "@/ui/dialog";
import { toast } from "@/ui/toast";
import { useCampaignAction } from "./queries";
import { countOf, mayDo } from "./status";

export function CancelCampaign({ campaign }: { campaign: CampaignItem }) {
  const [asking, setAsking] = useState(false);
  const cancel = useCampaignAction("cancel");
  if (!mayDo("cancel", campaign.state)) return null;
  const waiting = countOf(campaign, "scheduled", "deferred", "held");
  function confirm() {
    cancel.mutate(campaign.id, {
      onSuccess: () => toast.done("Campaign cancelled", `${plural(waiting, "email")} will not be sent.`),
      onError: (error) => toast.error("Could not cancel the campaign", error),
      onSettled: () => setAsking(false),
    });
  }
  return (
    <>
      <Button variant="danger" changes onClick={() => setAsking(true)}>
        Cancel campaign
      </Button>
      {asking && (
        <Confirm
          title="Cancel this campaign?"
          message={
            <>
              {plural(waiting, "email")} of <strong className="font-medium text-ink">{campaign.name}</strong>{" "}
              will not be sent. What has left stays sent. This cannot be undone.
            </>
          }
          action="Cancel campaign"
          busy={cancel.isPending}
          onConfirm={confirm}
          onClose={() => setAsking(false)}
        />
      )}
    </>
  );
}
