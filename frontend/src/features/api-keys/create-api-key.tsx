import { type FormEvent, useState } from "react";
import { Button } from "@/ui/button";
import { CopyField } from "@/ui/copy-field";
import { Dialog } from "@/ui/dialog";
import { Field, Input, Select } from "@/ui/field";
import { toast } from "@/ui/toast";
import { useCreateApiKey } from "./queries";

function inDays(days: number): string {
  return new Date(Date.now() + days * 86_400_000).toISOString();
}

export function CreateApiKey({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState("");
  const [scope, setScope] = useState<"full" | "send">("send");
  const [days, setDays] = useState("");
  const create = useCreateApiKey();
  function submit(event: FormEvent) {
    event.preventDefault();
    create.mutate(
      { name: name.trim(), scope, expires_at: days === "" ? null : inDays(Number(days)) },
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
        <Field label="Ends">
          {(ids) => (
            <Select {...ids} value={days} onChange={(event) => setDays(event.target.value)}>
              <option value="">Never, until it is revoked</option>
              <option value="7">After 7 days</option>
              <option value="90">After 90 days</option>
              <option value="365">After a year</option>
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
  return (
    <Dialog title="Your new key" onClose={onClose}>
      <p className="text-soft">Copy it now. Paceline keeps only a hash and cannot show it again.</p>
      <CopyField label="API key" value={token} />
      <div className="mt-5 flex justify-end">
        <Button variant="primary" onClick={onClose}>
          Done
        </Button>
      </div>
    </Dialog>
  );
}
