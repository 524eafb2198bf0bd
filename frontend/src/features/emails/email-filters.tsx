import { X } from "lucide-react";
import type { EmailStatus } from "@/api/types";
import { Button } from "@/ui/button";
import { EMAIL_STATUS } from "@/ui/email-status";
import { Select } from "@/ui/field";
import { SearchField } from "@/ui/search-field";

export interface EmailSearch {
  q?: string | undefined;
  status?: EmailStatus | undefined;
  campaign?: string | undefined;
  sender?: string | undefined;
  after?: string | undefined;
  before?: string | undefined;
}

interface EmailFiltersProps {
  search: EmailSearch;
  statuses: readonly EmailStatus[];
  campaigns: readonly { id: string; name: string }[];
  senders: readonly { id: string; name: string }[];
  onChange: (change: EmailSearch) => void;
}

/** Search and filters of a list of messages. What they say lives in the URL. */
export function EmailFilters({ search, statuses, campaigns, senders, onChange }: EmailFiltersProps) {
  const filtered = search.q || search.status || search.campaign || search.sender;
  return (
    <div className="flex flex-wrap items-center gap-2 border-line border-b px-3 py-2.5">
      <SearchField
        label="Search messages"
        value={search.q ?? ""}
        onChange={(q) => onChange({ q: q || undefined })}
      />
      <Filter
        label="Status"
        all="All statuses"
        value={search.status}
        options={statuses.map((status) => ({ id: status, name: EMAIL_STATUS[status].label }))}
        onChange={(status) => onChange({ status: statuses.find((known) => known === status) })}
      />
      {campaigns.length > 0 && (
        <Filter
          label="Campaign"
          all="All campaigns"
          value={search.campaign}
          options={campaigns}
          onChange={(campaign) => onChange({ campaign })}
        />
      )}
      {senders.length > 1 && (
        <Filter
          label="Sender"
          all="All senders"
          value={search.sender}
          options={senders}
          onChange={(sender) => onChange({ sender })}
        />
      )}
      {filtered && (
        <Button
          variant="quiet"
          size="sm"
          icon={<X className="size-3.5" aria-hidden />}
          onClick={() =>
            onChange({ q: undefined, status: undefined, campaign: undefined, sender: undefined })
          }
        >
          Clear
        </Button>
      )}
    </div>
  );
}

interface FilterProps {
  label: string;
  all: string;
  value: string | undefined;
  options: readonly { id: string; name: string }[];
  onChange: (value: string | undefined) => void;
}

function Filter({ label, all, value, options, onChange }: FilterProps) {
  return (
    <Select
      aria-label={label}
      className="max-w-48 grow sm:grow-0"
      value={value ?? ""}
      onChange={(event) => onChange(event.target.value || undefined)}
    >
      <option value="">{all}</option>
      {options.map((option) => (
        <option key={option.id} value={option.id}>
          {option.name}
        </option>
      ))}
    </Select>
  );
}
