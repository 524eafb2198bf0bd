import { X } from "lucide-react";
import type { SuppressionFilter } from "@/api/types";
import { Button } from "@/ui/button";
import { Select } from "@/ui/field";
import { SearchField } from "@/ui/search-field";
import { REASON, REASONS } from "./reasons";

interface SuppressionFiltersProps {
  search: SuppressionFilter;
  onChange: (change: SuppressionFilter) => void;
}

/** What they say lives in the URL. */
export function SuppressionFilters({ search, onChange }: SuppressionFiltersProps) {
  return (
    <div className="flex flex-wrap items-center gap-2 border-line border-b px-3 py-2.5">
      <SearchField
        label="Address or @domain"
        value={search.q ?? ""}
        onChange={(q) => onChange({ q: q || undefined })}
      />
      <Select
        aria-label="Reason"
        className="max-w-48 grow sm:grow-0"
        value={search.reason ?? ""}
        onChange={(event) => onChange({ reason: REASONS.find((known) => known === event.target.value) })}
      >
        <option value="">All reasons</option>
        {REASONS.map((reason) => (
          <option key={reason} value={reason}>
            {REASON[reason].label}
          </option>
        ))}
      </Select>
      {(search.q || search.reason) && (
        <Button
          variant="quiet"
          size="sm"
          icon={<X className="size-3.5" aria-hidden />}
          onClick={() => onChange({ q: undefined, reason: undefined })}
        >
          Clear
        </Button>
      )}
    </div>
  );
}
