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
  const isDraft = campaign.state === "draft";
  function confirm() {
    cancel.mutate(campaign.id, {
      onSuccess: () =>
        isDraft
          ? toast.done("Draft discarded")
          : toast.done("Campaign cancelled", `${plural(waiting, "email")} will not be sent.`),
      onError: (error) => toast.error("Could not cancel the campaign", error),
      onSettled: () => setAsking(false),
    });
  }
  return (
    <>
      <Button variant="danger" changes onClick={() => setAsking(true)}>
        {isDraft ? "Discard" : "Cancel campaign"}
      </Button>
      {asking && (
        <Confirm
          title={isDraft ? "Discard this draft?" : "Cancel this campaign?"}
          message={
            isDraft ? (
              <>
                Nothing of <strong className="font-medium text-ink">{campaign.name}</strong> was sent, and
                nothing will be. It stays in the list as cancelled and can still be duplicated.
              </>
            ) : (
              <>
                {plural(waiting, "email")} of{" "}
                <strong className="font-medium text-ink">{campaign.name}</strong> will not be sent. What has
                left stays sent. This cannot be undone.
              </>
            )
          }
          action={isDraft ? "Discard draft" : "Cancel campaign"}
          busy={cancel.isPending}
          onConfirm={confirm}
          onClose={() => setAsking(false)}
        />
      )}
    </>
  );
}
