import { Eye, SendHorizontal } from "lucide-react";
import { useState } from "react";
import type { CampaignWords, Import } from "@/api/types";
import { plural } from "@/lib/numbers";
import { Button } from "@/ui/button";
import { toast } from "@/ui/toast";
import { type Draft, wordsOf } from "./draft";
import { MissingNote } from "./missing-note";
import { PreviewDialog } from "./preview-dialog";
import { TestDialog } from "./test-dialog";
import type { Recipients } from "./use-recipients";

interface TryOutProps {
  draft: Draft;
  recipients: Recipients;
  onOpen: (open: Open) => void;
  /** Has the form say what it lacks. */
  onLacking: () => void;
}

export interface Open {
  readonly what: "preview" | "test";
  readonly words: CampaignWords;
}

/** Stands outside of the form of Compose: it has forms of its own. */
export function TryOutDialog({ open, me, onClose }: { open: Open; me: string; onClose: () => void }) {
  if (open.what === "preview") return <PreviewDialog words={open.words} onClose={onClose} />;
  return <TestDialog words={open.words} to={me} onClose={onClose} />;
}

/** The message before it goes: as any recipient gets it, sent as a test, and who it has no words for. */
export function TryOut({ draft, recipients, onOpen, onLacking }: TryOutProps) {
  const [busy, setBusy] = useState<Open["what"] | null>(null);

  async function start(what: Open["what"]) {
    setBusy(what);
    try {
      const list: Import | null =
        recipients.counted.unique || recipients.parsed ? await recipients.resolve() : null;
      const words = list && list.valid > 0 ? wordsOf(draft, list.import_id) : null;
      if (words) onOpen({ what, words });
      else onLacking();
    } catch (error) {
      toast.error("The recipients could not be read", error);
    } finally {
      setBusy(null);
    }
  }

  return (
    <>
      <MissingNote words={recipients.parsed ? wordsOf(draft, recipients.parsed.import_id) : null} />
      <div className="mt-4 flex flex-wrap items-center gap-2">
        <Button
          busy={busy === "preview"}
          icon={<Eye className="size-4" aria-hidden />}
          onClick={() => start("preview")}
        >
          Preview
        </Button>
        <Button
          busy={busy === "test"}
          icon={<SendHorizontal className="size-4" aria-hidden />}
          onClick={() => start("test")}
        >
          Send test
        </Button>
        {recipients.parsed && (
          <span className="text-faint text-xs">
            as any of {plural(recipients.parsed.valid, "recipient")} gets it
          </span>
        )}
      </div>
    </>
  );
}
