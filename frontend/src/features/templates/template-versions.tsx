import { useState } from "react";
import type { TemplateVersionItem } from "@/api/types";
import { Button } from "@/ui/button";
import { Card, CardHeader } from "@/ui/page";
import { ErrorState, Skeleton } from "@/ui/states";
import { Time } from "@/ui/time";
import { toast } from "@/ui/toast";
import type { Draft } from "./draft";
import { useReadVersion, useVersions } from "./queries";

interface VersionsProps {
  id: string;
  mayChange: boolean;
  /** Puts the words of an old version into the editor; they are saved like any others. */
  onTake: (words: Pick<Draft, "subject" | "html" | "text">, version: number) => void;
}

export function TemplateVersions({ id, mayChange, onTake }: VersionsProps) {
  const versions = useVersions(id);
  const read = useReadVersion(id);
  const [reading, setReading] = useState<number | null>(null);
  function take(version: number) {
    setReading(version);
    read.mutate(version, {
      onSuccess: ({ subject, html, text }) =>
        onTake({ subject: subject ?? "", html: html ?? "", text: text ?? "" }, version),
      onError: (error) => toast.error("The version could not be read", error),
      onSettled: () => setReading(null),
    });
  }
  return (
    <Card>
      <CardHeader title="Versions">
        {versions.data && <span className="text-faint text-xs">{versions.data.data[0]?.version}</span>}
      </CardHeader>
      {versions.isPending && (
        <div className="p-4">
          <Skeleton className="h-4 w-2/3" />
        </div>
      )}
      {versions.isError && (
        <ErrorState
          title="The versions could not be read"
          error={versions.error}
          onRetry={() => versions.refetch()}
        />
      )}
      <ul className="max-h-72 divide-y divide-line overflow-y-auto">
        {versions.data?.data.map((each, place) => (
          <Version
            key={each.id}
            version={each}
            isNewest={place === 0}
            busy={reading === each.version}
            onTake={mayChange && place > 0 ? () => take(each.version) : null}
          />
        ))}
      </ul>
    </Card>
  );
}

interface VersionProps {
  version: TemplateVersionItem;
  isNewest: boolean;
  busy: boolean;
  onTake: (() => void) | null;
}

function Version({ version, isNewest, busy, onTake }: VersionProps) {
  return (
    <li className="flex items-center gap-3 px-4 py-2 text-[0.8125rem]">
      <span className="w-8 shrink-0 font-medium tabular-nums">v{version.version}</span>
      <span className="min-w-0 flex-1">
        <span className="block truncate text-soft">{version.subject ?? "No subject"}</span>
        <span className="block truncate text-faint text-xs">
          <Time at={version.created_at} />
          {version.created_by && ` · ${version.created_by}`}
        </span>
      </span>
      {isNewest && <span className="text-faint text-xs">in use</span>}
      {onTake && (
        <Button
          size="sm"
          variant="quiet"
          busy={busy}
          onClick={onTake}
          aria-label={`Edit version ${version.version}`}
        >
          Take back
        </Button>
      )}
    </li>
  );
}
