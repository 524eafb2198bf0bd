import { Eye } from "lucide-react";
import { useState } from "react";
import { Button } from "@/ui/button";
import { PreviewDialog } from "./preview-dialog";
import type { Tried } from "./queries";

/** Opens the message as any recipient gets, or got, it. */
export function PreviewButton({ tried }: { tried: Tried }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button size="sm" icon={<Eye className="size-3.5" aria-hidden />} onClick={() => setOpen(true)}>
        Preview
      </Button>
      {open && <PreviewDialog tried={tried} onClose={() => setOpen(false)} />}
    </>
  );
}
