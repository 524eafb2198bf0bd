import { X } from "lucide-react";
import type { CampaignState } from "@/api/types";
import { Button } from "@/ui/button";
import { Select } from "@/ui/field";
import type { Cursor } from "@/ui/pager";
import { SearchField } from "@/ui/search-field";
import { CAMPAIGN_STATE, CAMPAIGN_STATES } from "./status";

export interface CampaignSearch extends Cursor {
  q?: string | undefined;
  state?: CampaignState | undefined;
}

interface CampaignFiltersProps {
  search: CampaignSearch;
  onChange: (change: CampaignSearch) => void;
}

/** What they say lives in the URL. */
export function CampaignFilters({ search, onChange }: CampaignFiltersProps) {
  return (
    <div className="flex flex-wrap items-center gap-2 border-line border-b px-3 py-2.5">
      <SearchField
        label="Search campaigns"
        value={search.q ?? ""}
        onChange={(q) => onChange({ q: q || undefined })}
      />
      <Select
        aria-label="Status"
        className="max-w-48 grow sm:grow-0"
        value={search.state ?? ""}
        onChange={(event) =>
          onChange({ state: CAMPAIGN_STATES.find((known) => known === event.target.value) })
        }
      >
        <option value="">All statuses</option>
        {CAMPAIGN_STATES.map((state) => (
          <option key={state} value={state}>
            {CAMPAIGN_STATE[state].label}
          </option>
        ))}
      </Select>
      {(search.q || search.state) && (
        <Button
          variant="quiet"
          size="sm"
          icon={<X className="size-3.5" aria-hidden />}
          onClick={() => onChange({ q: undefined, state: undefined })}
        >
          Clear
        </Button>
      )}
    </div>
  );
}
