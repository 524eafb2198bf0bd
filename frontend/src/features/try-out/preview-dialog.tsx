import { useState } from "react";
import { Dialog } from "@/ui/dialog";
import { Preview } from "./preview";
import type { Tried, Whose } from "./queries";

export function PreviewDialog({ tried, onClose }: { tried: Tried; onClose: () => void }) {
  const [whose, setWhose] = useState<Whose>({ index: 0 });
  return (
    <Dialog title="Preview" size="lg" onClose={onClose}>
      <Preview tried={tried} whose={whose} onWhose={setWhose} />
    </Dialog>
  );
}
