import { LoaderCircle, RotateCw } from "lucide-react";
import { useEffect, useRef } from "react";
import type { Sender } from "@/api/types";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { ErrorState } from "@/ui/states";
import { PhaseList } from "./phase-list";
import { useVerifySender } from "./queries";

/** Tests the connection at once and shows how far it came, phase by phase. */
export function VerifyDialog({ sender, onClose }: { sender: Sender; onClose: () => void }) {
  const verify = useVerifySender();
  const started = useRef(false);
  const run = verify.mutate;
  useEffect(() => {
    if (started.current) return;
    started.current = true;
    run(sender.id);
  }, [run, sender.id]);
  return (
    <Dialog title={`Test ${sender.name}`} onClose={onClose}>
      <p className="break-all font-mono text-faint text-xs">
        {sender.host}:{sender.port}
      </p>
      <div aria-live="polite" className="mt-3 min-h-36">
        {verify.isPending && (
          <p className="flex items-center gap-2 text-soft">
            <LoaderCircle className="size-4 animate-spin" aria-hidden />
            Connecting…
          </p>
        )}
        {verify.isError && (
          <ErrorState title="The test did not run" error={verify.error} onRetry={() => run(sender.id)} />
        )}
        {verify.data && <PhaseList phases={verify.data.phases} />}
      </div>
      <div className="mt-5 flex justify-end gap-2">
        <Button
          icon={<RotateCw className="size-4" aria-hidden />}
          busy={verify.isPending}
          onClick={() => run(sender.id)}
        >
          Test again
        </Button>
        <Button variant="primary" data-autofocus onClick={onClose}>
          Done
        </Button>
      </div>
    </Dialog>
  );
}
