import { KeyRound, Plus } from "lucide-react";
import { useState } from "react";
import type { ApiKey } from "@/api/types";
import { useNow } from "@/lib/now";
import { Button } from "@/ui/button";
import { Confirm } from "@/ui/dialog";
import { Card, CardHeader } from "@/ui/page";
import { Empty, ErrorState, Skeleton } from "@/ui/states";
import { RelativeTime, Time } from "@/ui/time";
import { toast } from "@/ui/toast";
import { CreateApiKey } from "./create-api-key";
import { useApiKeys, useRevokeApiKey } from "./queries";

export function ApiKeys({ mayManage }: { mayManage: boolean }) {
  const keys = useApiKeys();
  const [creating, setCreating] = useState(false);
  return (
    <Card>
      <CardHeader title="API keys">
        <Button
          size="sm"
          icon={<Plus className="size-4" aria-hidden />}
          rests={mayManage ? null : "Only an owner may create keys."}
          onClick={() => setCreating(true)}
        >
          Create key
        </Button>
      </CardHeader>
      {keys.isPending && (
        <div className="space-y-4 p-4">
          <Skeleton className="h-4 w-1/2" />
          <Skeleton className="h-4 w-2/3" />
        </div>
      )}
      {keys.isError && (
        <ErrorState title="The keys could not be read" error={keys.error} onRetry={() => keys.refetch()} />
      )}
      {keys.data?.data.length === 0 && (
        <Empty icon={KeyRound} title="No API keys">
          A key lets a program send mail as this workspace, with the Resend SDKs or plain HTTP.
        </Empty>
      )}
      {keys.data && (
        <ul className="divide-y divide-line">
          {keys.data.data.map((key) => (
            <KeyRow key={key.id} apiKey={key} mayManage={mayManage} />
          ))}
        </ul>
      )}
      {creating && <CreateApiKey onClose={() => setCreating(false)} />}
    </Card>
  );
}

function KeyRow({ apiKey, mayManage }: { apiKey: ApiKey; mayManage: boolean }) {
  const [asking, setAsking] = useState(false);
  const revoke = useRevokeApiKey();
  const now = useNow();
  const expired = apiKey.expires_at !== null && new Date(apiKey.expires_at) <= now;
  function confirm() {
    revoke.mutate(apiKey.id, {
      onSuccess: () => toast.done("Key revoked", `${apiKey.name} no longer works.`),
      onError: (error) => toast.error("Could not revoke the key", error),
      onSettled: () => setAsking(false),
    });
  }
  return (
    <li className="flex flex-wrap items-center gap-x-4 gap-y-1 px-4 py-2.5">
      <div className="min-w-0 grow basis-48">
        <p className="truncate font-medium">{apiKey.name}</p>
        <p className="truncate text-faint text-xs">
          <span className="font-mono">{apiKey.prefix}…</span>
          {apiKey.created_by && ` by ${apiKey.created_by}`}
        </p>
      </div>
      <div className="basis-56 max-sm:grow max-sm:basis-40 text-[0.8125rem] text-faint">
        <p>{apiKey.scope === "full" ? "Full access" : "May only send"}</p>
        <p>
          {apiKey.last_used_at ? (
            <>
              Last used <Time at={apiKey.last_used_at} />
            </>
          ) : (
            "Never used"
          )}
        </p>
        {apiKey.expires_at && (
          <p className={expired ? "text-bad" : undefined}>
            {expired ? "Expired" : "Expires"} <RelativeTime at={apiKey.expires_at} />
          </p>
        )}
      </div>
      <Button
        variant="quiet"
        size="sm"
        rests={mayManage ? null : "Only an owner may revoke keys."}
        onClick={() => setAsking(true)}
        aria-label={`Revoke ${apiKey.name}`}
      >
        Revoke
      </Button>
      {asking && (
        <Confirm
          title="Revoke this key?"
          message={`Every program that uses ${apiKey.name} is refused from now on. This cannot be undone.`}
          action="Revoke key"
          busy={revoke.isPending}
          onConfirm={confirm}
          onClose={() => setAsking(false)}
        />
      )}
    </li>
  );
}
