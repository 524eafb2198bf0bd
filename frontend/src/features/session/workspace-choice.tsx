import { Check, Plus } from "lucide-react";
import { type FormEvent, useState } from "react";
import { ApiError } from "@/api/client";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Field, Input } from "@/ui/field";
import { MenuItem } from "@/ui/menu";
import { toast } from "@/ui/toast";
import { useCreateWorkspace, useEnterWorkspace, useWorkspaces } from "./queries";

/** The workspaces of the person, as items of the account menu. */
export function WorkspaceChoice({ confined, onCreate }: { confined: boolean; onCreate: () => void }) {
  const workspaces = useWorkspaces();
  const enter = useEnterWorkspace();
  const all = workspaces.data?.data ?? [];
  return (
    <fieldset className="m-0 max-h-56 overflow-y-auto border-line border-b py-1">
      <legend className="sr-only">Workspace</legend>
      {all.map((workspace) => (
        <MenuItem
          key={workspace.id}
          checked={workspace.current}
          icon={<Check className={`size-4 shrink-0 ${workspace.current ? "" : "invisible"}`} aria-hidden />}
          onSelect={() => {
            if (workspace.current) return;
            enter.mutate(workspace.id, {
              onError: (error) => toast.error("Could not go there", error),
            });
          }}
        >
          <span className="truncate">{workspace.name}</span>
        </MenuItem>
      ))}
      {!confined && (
        <MenuItem icon={<Plus className="size-4" aria-hidden />} onSelect={onCreate}>
          New workspace
        </MenuItem>
      )}
    </fieldset>
  );
}

export function CreateWorkspace({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState("");
  const create = useCreateWorkspace();
  function submit(event: FormEvent) {
    event.preventDefault();
    if (name.trim() === "") return;
    create.mutate(name.trim(), { onError: (error) => toast.error("Could not create it", error) });
  }
  const refused = create.error instanceof ApiError ? create.error.errors : [];
  return (
    <Dialog title="New workspace" onClose={onClose}>
      <form onSubmit={submit} className="space-y-4">
        <Field
          label="Name"
          hint="It has its own senders, mail, people and limits. You will be its owner."
          error={refused.find((each) => each.path === "name")?.message}
        >
          {(ids) => (
            <Input
              {...ids}
              required
              maxLength={200}
              autoComplete="off"
              value={name}
              onChange={(event) => setName(event.target.value)}
            />
          )}
        </Field>
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="primary" busy={create.isPending}>
            Create workspace
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
