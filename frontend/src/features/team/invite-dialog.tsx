import { type FormEvent, useState } from "react";
import { ApiError } from "@/api/client";
import type { Role } from "@/api/types";
import { Button } from "@/ui/button";
import { CopyField } from "@/ui/copy-field";
import { Dialog } from "@/ui/dialog";
import { Field, Input, Select } from "@/ui/field";
import { ROLE_NAMES, ROLES, readRole } from "@/ui/role";
import { useInvite } from "./queries";

export function InviteDialog({ onClose }: { onClose: () => void }) {
  const [email, setEmail] = useState("");
  const [role, setRole] = useState<Role>("member");
  const invite = useInvite();
  function submit(event: FormEvent) {
    event.preventDefault();
    if (email.trim() !== "") invite.mutate({ email: email.trim(), role });
  }
  if (invite.data) {
    const { url, mailed } = invite.data;
    return (
      <Dialog title={`Invitation for ${invite.data.email}`} onClose={onClose}>
        <p className="text-soft">
          {mailed
            ? "It is on its way by email. You can hand over the link yourself as well:"
            : "This workspace has no default sender that works, so nothing was mailed. Hand over this link:"}
        </p>
        <CopyField label="Invitation link" value={url} />
        <p className="mt-3 text-faint text-xs">
          Shown this once. It works for this address only, once, within 7 days.
        </p>
        <div className="mt-5 flex justify-end">
          <Button variant="primary" onClick={onClose}>
            Done
          </Button>
        </div>
      </Dialog>
    );
  }
  const failure = invite.error;
  const refused =
    failure instanceof ApiError ? failure.errors.find((each) => each.path === "email") : undefined;
  return (
    <Dialog title="Invite somebody" onClose={onClose}>
      <form noValidate onSubmit={submit} className="space-y-4">
        <Field
          label="Email"
          hint="They sign in with this address."
          error={failure ? (refused?.message ?? failure.message) : undefined}
        >
          {(ids) => (
            <Input
              {...ids}
              type="email"
              required
              maxLength={320}
              autoComplete="off"
              value={email}
              onChange={(event) => setEmail(event.target.value)}
            />
          )}
        </Field>
        <Field label="Role" hint={ROLES[role].may}>
          {(ids) => (
            <Select {...ids} value={role} onChange={(event) => setRole(readRole(event.target.value))}>
              {ROLE_NAMES.map((each) => (
                <option key={each} value={each}>
                  {ROLES[each].label}
                </option>
              ))}
            </Select>
          )}
        </Field>
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="primary" busy={invite.isPending}>
            Invite
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
