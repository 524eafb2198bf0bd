import type { CampaignWords } from "@/api/types";
import { MissingNote } from "./missing-note";
import { PreviewDialog } from "./preview-dialog";
import { TestDialog } from "./test-dialog";

interface Opened {
  readonly what: "preview" | "test";
  readonly words: CampaignWords;
}

/** The parts that a form lays among its fields; its dialogs have forms of their own and stand outside of it. */
export function tryOutParts(me: string) {
  return {
    note: (words: CampaignWords | null) => <MissingNote tried={words && { words }} className="mt-4" />,
    dialog: ({ what, words }: Opened, onClose: () => void) =>
      what === "preview" ? (
        <PreviewDialog tried={{ words }} onClose={onClose} />
      ) : (
        <TestDialog tried={{ words }} to={me} onClose={onClose} />
      ),
  };
}
