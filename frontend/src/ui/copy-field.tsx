import { Copy } from "lucide-react";
import { Button } from "./button";
import { Input } from "./field";
import { toast } from "./toast";

/** A secret that is shown once, with a button that copies it. */
export function CopyField({ label, value }: { label: string; value: string }) {
  async function copy() {
    try {
      await navigator.clipboard.writeText(value);
      toast.done("Copied");
    } catch {
      toast.error("Could not copy", new Error("The browser does not allow it here: select it and copy it."));
    }
  }
  return (
    <div className="mt-3 flex gap-2">
      <Input
        readOnly
        aria-label={label}
        value={value}
        className="font-mono text-xs!"
        onFocus={(event) => event.target.select()}
      />
      <Button icon={<Copy className="size-4" aria-hidden />} onClick={copy}>
        Copy
      </Button>
    </div>
  );
}
