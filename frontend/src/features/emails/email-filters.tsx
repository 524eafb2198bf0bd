import { Tag, X } from "lucide-react";
import type { EmailStatus } from "@/api/types";
import { Button } from "@/ui/button";
import { ATTENTION_STATUSES, EMAIL_STATUS } from "@/ui/email-status";
import { Select } from "@/ui/field";
import { SearchField } from "@/ui/search-field";
import type { EmailSort } from "./queries";

/** One status, or all that a person should look at. */
export type StatusChoice = EmailStatus | "attention";

export interface EmailSearch {
  q?: string | undefined;
  status?: StatusChoice | undefined;
  campaign?: string | undefined;
  sender?: string | undefined;
  tag?: string | undefined;
  sort?: EmailSort | undefined;
  after?: string | undefined;
  before?: string | undefined;
}

interface EmailFiltersProps {
  search: EmailSearch;
  statuses: readonly StatusChoice[];
  campaigns: readonly { id: string; name: string }[];
  senders: readonly { id: string; name: string }[];
  /** The orders that the list can have with these filters, its own first. */
  sorts: readonly EmailSort[];
  onChange: (change: EmailSearch) => void;
}

const SORTS = {
  scheduled_at: "Next first",
  sent_at: "Last sent first",
  created_at: "Newest first",
} as const satisfies Record<EmailSort, string>;

const NONE: EmailSearch = {
  q: undefined,
  status: undefined,
  campaign: undefined,
  sender: undefined,
  tag: undefined,
  sort: undefined,
};

/** Search and filters of a list of messages. What they say lives in the URL. */
export function EmailFilters({ search, statuses, campaigns, senders, sorts, onChange }: EmailFiltersProps) {
  const filtered = search.q || search.status || search.campaign || search.sender || search.tag || search.sort;
  return (
    <div className="flex flex-wrap items-center gap-2 border-line border-b px-3 py-2.5">
      <SearchField
        label="Search messages"
        placeholder="Address or words"
        value={search.q ?? ""}
        onChange={(q) => onChange({ q: q || undefined })}
      />
      <Filter
        label="Status"
        all="All statuses"
        value={search.status}
        options={statuses.map((status) => ({ id: status, name: choiceLabel(status) }))}
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
      <SearchField
        label="Tag"
        placeholder="Tag or name:value"
        icon={Tag}
        beside
        maxLength={513}
        value={search.tag ?? ""}
        onChange={(tag) => onChange({ tag: tag || undefined })}
      />
      {sorts.length > 1 && (
        <Select
          aria-label="Order"
          className="max-w-48 grow sm:grow-0"
          value={sorts.find((sort) => sort === search.sort) ?? sorts[0]}
          onChange={(event) => onChange({ sort: sorts.slice(1).find((sort) => sort === event.target.value) })}
        >
          {sorts.map((sort) => (
            <option key={sort} value={sort}>
              {SORTS[sort]}
            </option>
          ))}
        </Select>
      )}
      {filtered && (
        <Button
          variant="quiet"
          size="sm"
          icon={<X className="size-3.5" aria-hidden />}
          onClick={() => onChange(NONE)}
        >
          Clear
        </Button>
      )}
    </div>
  );
}

function choiceLabel(choice: StatusChoice): string {
  return choice === "attention" ? "Needs a look" : EMAIL_STATUS[choice].label;
}

/** The statuses that a choice stands for; those of the list where nothing is chosen. */
export function chosenStatuses(
  choice: StatusChoice | undefined,
  otherwise: readonly EmailStatus[],
): readonly EmailStatus[] {
  if (choice === undefined) return otherwise;
  return choice === "attention" ? ATTENTION_STATUSES : [choice];
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
