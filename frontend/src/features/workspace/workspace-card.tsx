import { type FormEvent, useState } from "react";
import { ApiError } from "@/api/client";
import type { WorkspaceSettings } from "@/api/types";
import { zoneOffset } from "@/lib/time";
import { Button } from "@/ui/button";
import { Field, Input } from "@/ui/field";
import { LimitField } from "@/ui/limit-field";
import { Card, CardHeader } from "@/ui/page";
import { ErrorState, Skeleton } from "@/ui/states";
import { toast } from "@/ui/toast";
import { ZoneSelect } from "@/ui/zone-select";
import { changeOf, fieldsOf, problemsOf } from "./form-state";
import { useChangeWorkspace, useWorkspace } from "./queries";

/** What holds for all senders and campaigns together. */
export function WorkspaceCard({ mayChange }: { mayChange: boolean }) {
  const workspace = useWorkspace();
  return (
    <Card>
      <CardHeader title="Workspace" />
      {workspace.isPending && (
        <div className="p-4">
          <Skeleton className="h-28 w-full" />
        </div>
      )}
      {workspace.isError && !workspace.data && (
        <ErrorState
          title="The workspace could not be read"
          error={workspace.error}
          onRetry={() => workspace.refetch()}
        />
      )}
      {workspace.data && <WorkspaceForm workspace={workspace.data} mayChange={mayChange} />}
    </Card>
  );
}

function WorkspaceForm({ workspace, mayChange }: { workspace: WorkspaceSettings; mayChange: boolean }) {
  const [fields, setFields] = useState(() => fieldsOf(workspace));
  const [tried, setTried] = useState(false);
  const save = useChangeWorkspace();
  const problems = problemsOf(fields);
  const wanted = changeOf(workspace, fields);
  const change = (patch: Partial<typeof fields>) => setFields((old) => ({ ...old, ...patch }));

  function errorAt(path: string): string | undefined {
    if (tried && problems[path]) return problems[path];
    const refused = save.error instanceof ApiError ? save.error.errors : [];
    return refused.find((each) => each.path === path)?.message;
  }
  function submit(event: FormEvent) {
    event.preventDefault();
    setTried(true);
    if (rests || Object.keys(problems).length > 0) return;
    save.mutate(wanted, {
      onSuccess: (saved) => {
        setFields(fieldsOf(saved));
        toast.done("Workspace saved", "It holds for every message from now on.");
      },
      onError: (error) => toast.error("Could not save the workspace", error),
    });
  }
  const rests = !mayChange
    ? "Only an owner may change the workspace."
    : Object.keys(wanted).length === 0
      ? "Nothing is changed yet."
      : null;
  return (
    <form noValidate onSubmit={submit} className="p-4">
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label="Name" error={errorAt("name")}>
          {(ids) => (
            <Input
              {...ids}
              maxLength={200}
              autoComplete="off"
              value={fields.name}
              onChange={(event) => change({ name: event.target.value })}
            />
          )}
        </Field>
        <Field
          label="Time zone"
          hint={`Of campaigns that name none; now ${zoneOffset(fields.zone, new Date())}`}
          error={errorAt("timezone")}
        >
          {(ids) => <ZoneSelect {...ids} value={fields.zone} onChange={(zone) => change({ zone })} />}
        </Field>
        <LimitField
          label="Emails an hour, all senders together"
          limit={fields.hourly}
          empty="Such as 500"
          error={errorAt("hourly_limit")}
          onChange={(hourly) => change({ hourly })}
        />
        <Field
          label="Late after, in minutes"
          hint="Mail that a downtime held back for longer is late: its late policy decides."
          error={errorAt("late_after_seconds")}
        >
          {(ids) => (
            <Input
              {...ids}
              inputMode="decimal"
              value={fields.late}
              onChange={(event) => change({ late: event.target.value })}
            />
          )}
        </Field>
      </div>
      <div className="mt-4 flex justify-end">
        <Button type="submit" variant="primary" busy={save.isPending} rests={rests}>
          Save
        </Button>
      </div>
    </form>
  );
}
