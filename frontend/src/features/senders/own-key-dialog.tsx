import { type FormEvent, useState } from "react";
import { ApiError } from "@/api/client";
import type { Sender } from "@/api/types";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Field, Input, Textarea } from "@/ui/field";
import { toast } from "@/ui/toast";
import { useSetUpDkim } from "./queries";

/** A key that was made elsewhere, or a place of one's own for a new one. */
export function OwnKeyDialog({ sender, onClose }: { sender: Sender; onClose: () => void }) {
  const [privateKey, setPrivateKey] = useState("");
  const [selector, setSelector] = useState("");
  const [domain, setDomain] = useState(sender.from_email.split("@").at(-1) ?? "");
  const setUp = useSetUpDkim(sender.id);

  function errorAt(path: string): string | undefined {
    const refused = setUp.error instanceof ApiError ? setUp.error.errors : [];
    return refused.find((problem) => problem.path === path)?.message;
  }
  function submit(event: FormEvent) {
    event.preventDefault();
    setUp.mutate(
      {
        private_key: privateKey.trim() || null,
        selector: selector.trim() || null,
        domain: domain.trim() || null,
      },
      {
        onSuccess: () => {
          toast.done("The key is saved", "Publish its record, then check it.");
          onClose();
        },
        onError: (error) => toast.error("Could not save the key", error),
      },
    );
  }
  return (
    <Dialog title="Use a key of your own" size="lg" onClose={onClose}>
      <form onSubmit={submit} noValidate className="space-y-4">
        <Field
          label="Private key"
          hint="PEM, RSA with 2048 to 4096 bits. Kept encrypted, never shown again. Empty: a new one is made."
          error={errorAt("private_key")}
        >
          {(ids) => (
            <Textarea
              {...ids}
              rows={7}
              autoComplete="off"
              spellCheck={false}
              className="font-mono text-xs!"
              placeholder="-----BEGIN PRIVATE KEY-----"
              value={privateKey}
              onChange={(event) => setPrivateKey(event.target.value)}
            />
          )}
        </Field>
        <div className="grid gap-4 sm:grid-cols-2">
          <Field label="Selector" hint="Empty: one is chosen." error={errorAt("selector")}>
            {(ids) => (
              <Input
                {...ids}
                autoComplete="off"
                placeholder="s2027"
                value={selector}
                onChange={(event) => setSelector(event.target.value)}
              />
            )}
          </Field>
          <Field label="Domain" hint="The sender's own, or one above it." error={errorAt("domain")}>
            {(ids) => (
              <Input
                {...ids}
                autoComplete="off"
                value={domain}
                onChange={(event) => setDomain(event.target.value)}
              />
            )}
          </Field>
        </div>
        <div className="flex justify-end gap-2 border-line border-t pt-4">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="primary" busy={setUp.isPending}>
            Save the key
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
