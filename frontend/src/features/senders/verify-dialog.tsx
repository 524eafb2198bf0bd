import { CircleCheck, CircleX, LoaderCircle, RotateCw } from "lucide-react";
import { useEffect, useRef } from "react";
import type { Sender } from "@/api/types";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { ErrorState } from "@/ui/states";
import { useVerifySender } from "./queries";

const PHASES: Record<string, string> = {
  dns: "Find the server (DNS)",
  tcp: "Reach it (TCP)",
  tls: "Encrypt (TLS)",
  auth: "Sign in (AUTH)",
};

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
        {verify.data && (
          <ol className="space-y-2.5">
            {verify.data.phases.map(({ phase, ok, message }) => (
              <li key={phase} className="flex gap-2.5">
                {ok ? (
                  <CircleCheck className="mt-0.5 size-4.5 shrink-0 text-ok" aria-label="Passed" />
                ) : (
                  <CircleX className="mt-0.5 size-4.5 shrink-0 text-bad" aria-label="Failed" />
                )}
                <div className="min-w-0">
                  <p className="font-medium">{PHASES[phase.toLowerCase()] ?? phase}</p>
                  <p className="break-words text-[0.8125rem] text-faint">{message}</p>
                </div>
              </li>
            ))}
          </ol>
        )}
      </div>
      <div className="mt-5 flex justify-end gap-2">
        <Button
          icon={<RotateCw className="size-4" aria-hidden />}
          busy={verify.isPending}
          onClick={() => run(sender.id)}
        >
          Test again
        </Button>
        <Button variant="primary" onClick={onClose}>
          Done
        </Button>
      </div>
    </Dialog>
  );
}
