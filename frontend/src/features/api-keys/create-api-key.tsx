import { Copy } from "lucide-react";
import { type FormEvent, useState } from "react";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Field, Input, Select } from "@/ui/field";
import { toast } from "@/ui/toast";
import { useCreateApiKey } from "./queries";

export function CreateApiKey({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState("");
  const [scope, setScope] = useState<"full" | "send">("send");
  const create = useCreateApiKey();
  function submit(event: FormEvent) {
    event.preventDefault();
    create.mutate(
      { name: name.trim(), scope },
      { onError: (error) => toast.error("Could not create the key", error) },
    );
  }
  if (create.data) return <ShowKey token={create.data.token} onClose={onClose} />;
  return (
    <Dialog title="Create an API key" onClose={onClose}>
      <form onSubmit={submit} className="space-y-4">
        <Field label="Name" hint="What will use it, such as “billing service”.">
          {(ids) => (
            <Input
              {...ids}
              required
              maxLength={100}
              value={name}
              onChange={(event) => setName(event.target.value)}
            />
          )}
        </Field>
        <Field label="May">
          {(ids) => (
            <Select
              {...ids}
              value={scope}
              onChange={(event) => setScope(event.target.value === "full" ? "full" : "send")}
            >
              <option value="send">Only send email</option>
              <option value="full">Do everything</option>
            </Select>
          )}
        </Field>
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="primary" busy={create.isPending}>
            Create key
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function ShowKey({ token, onClose }: { token: string; onClose: () => void }) {
  async function copy() {
    try {
      await navigator.clipboard.writeText(token);
      toast.done("Copied");
    } catch {
      toast.error(
        "Could not copy",
        new Error("The browser does not allow it here: select the key and copy it."),
      );
    }
  }
  return (
    <Dialog title="Your new key" onClose={onClose}>
      <p className="text-soft">Copy it now. Paceline keeps only a hash and cannot show it again.</p>
      <div className="mt-3 flex gap-2">
        <Input
          readOnly
          aria-label="API key"
          value={token}
          className="font-mono text-xs!"
          onFocus={(event) => event.target.select()}
        />
        <Button icon={<Copy className="size-4" aria-hidden />} onClick={copy}>
          Copy
        </Button>
      </div>
      <div className="mt-5 flex justify-end">
        <Button variant="primary" onClick={onClose}>
          Done
        </Button>
      </div>
    </Dialog>
  );
}
