import { Copy } from "lucide-react";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Input } from "@/ui/field";
import { toast } from "@/ui/toast";

interface ShowSecretProps {
  secret: string;
  rotated: boolean;
  onClose: () => void;
}

export function ShowSecret({ secret, rotated, onClose }: ShowSecretProps) {
  async function copy() {
    try {
      await navigator.clipboard.writeText(secret);
      toast.done("Copied");
    } catch {
      toast.error(
        "Could not copy",
        new Error("The browser does not allow it here: select the secret and copy it."),
      );
    }
  }
  return (
    <Dialog title={rotated ? "The new signing secret" : "The signing secret"} onClose={onClose}>
      <p className="text-soft">
        Your server checks with it that a request comes from here. Copy it now: it is not shown again.
      </p>
      <div className="mt-3 flex gap-2">
        <Input
          readOnly
          aria-label="Signing secret"
          value={secret}
          className="font-mono text-xs!"
          onFocus={(event) => event.target.select()}
        />
        <Button icon={<Copy className="size-4" aria-hidden />} onClick={copy}>
          Copy
        </Button>
      </div>
      {rotated && (
        <p className="mt-3 text-soft">
          For 24 hours requests carry two signatures, so the old secret works until you have changed it.
        </p>
      )}
      <p className="mt-3 text-faint text-xs">
        Requests are signed after{" "}
        <a
          href="https://www.standardwebhooks.com"
          target="_blank"
          rel="noreferrer"
          className="text-accent underline"
        >
          Standard Webhooks
        </a>
        , which has a library for most languages.
      </p>
      <div className="mt-5 flex justify-end">
        <Button variant="primary" onClick={onClose}>
          Done
        </Button>
      </div>
    </Dialog>
  );
}
