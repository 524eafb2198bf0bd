import { Eye, SendHorizontal } from "lucide-react";
import { type ReactNode, useState } from "react";
import type { CampaignWords } from "@/api/types";
import { plural } from "@/lib/numbers";
import { Button } from "@/ui/button";
import { toast } from "@/ui/toast";
import { type Draft, wordsOf } from "./draft";

/** What the form has of its list, once it was read. */
export interface KnownList {
  readonly import_id: string;
  readonly valid: number;
}

export interface Open {
  readonly what: "preview" | "test";
  readonly words: CampaignWords;
}

/** What the page brings to try the message out with. */
export interface TryOutParts {
  /** Who the message has no words for. */
  note: (words: CampaignWords | null) => ReactNode;
  dialog: (open: Open, onClose: () => void) => ReactNode;
}

interface TryOutProps {
  draft: Draft;
  list: KnownList | null;
  /** Has the list read where it is not yet; null where there is none. */
  resolve: () => Promise<KnownList | null>;
  note: TryOutParts["note"];
  onOpen: (open: Open) => void;
  /** Has the form say what it lacks. */
  onLacking: () => void;
}

/** The message before it goes: as any recipient gets it, sent as a test, and who it has no words for. */
export function TryOut({ draft, list, resolve, note, onOpen, onLacking }: TryOutProps) {
  const [busy, setBusy] = useState<Open["what"] | null>(null);

  async function start(what: Open["what"]) {
    setBusy(what);
    try {
      const known = await resolve();
      const words = known && known.valid > 0 ? wordsOf(draft, known.import_id) : null;
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
      {note(list ? wordsOf(draft, list.import_id) : null)}
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
        {list && (
          <span className="text-faint text-xs">as any of {plural(list.valid, "recipient")} gets it</span>
        )}
      </div>
    </>
  );
}
