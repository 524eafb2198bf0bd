import { Copy } from "lucide-react";
import type { DnsRecord } from "@/api/types";
import { Button } from "@/ui/button";
import { toast } from "@/ui/toast";

/** A record to publish: each part as the forms of DNS providers ask for it, with a button that copies it. */
export function RecordToPublish({ record, label }: { record: DnsRecord; label: string }) {
  return (
    <dl
      aria-label={label}
      className="mt-2 grid grid-cols-[3.25rem_minmax(0,1fr)_auto] items-center gap-x-2 gap-y-1 rounded-md border border-line bg-raised/50 py-1.5 pr-1.5 pl-3 text-[0.8125rem]"
    >
      <dt className="text-faint">Type</dt>
      <dd className="col-span-2 font-mono text-xs">{record.type}</dd>
      <Part label="Name" value={record.name} />
      <Part label="Value" value={record.value} />
    </dl>
  );
}

function Part({ label, value }: { label: string; value: string }) {
  async function copy() {
    try {
      await navigator.clipboard.writeText(value);
      toast.done("Copied", `${label} of the record`);
    } catch {
      toast.error("Could not copy", new Error("The browser does not allow it here: select it and copy it."));
    }
  }
  return (
    <>
      <dt className="text-faint">{label}</dt>
      <dd className="wrap-anywhere line-clamp-3 min-w-0 font-mono text-xs" title={value}>
        {value}
      </dd>
      <dd>
        <Button variant="quiet" size="iconSm" aria-label={`Copy the ${label.toLowerCase()}`} onClick={copy}>
          <Copy className="size-3.5" aria-hidden />
        </Button>
      </dd>
    </>
  );
}
