import type { ReactNode } from "react";
import type { Email } from "@/api/types";
import { useLooksOnly } from "@/ui/looks-only";
import { Pager } from "@/ui/pager";
import { useSelection } from "@/ui/selection";
import { ErrorState } from "@/ui/states";
import { type Column, Table } from "@/ui/table";
import { BulkBar } from "./bulk-bar";
import { recipientLabel } from "./email-columns";
import { type EmailFilter, useEmails } from "./queries";

interface EmailListProps {
  label: string;
  filter: EmailFilter;
  columns: readonly Column<Email>[];
  empty: ReactNode;
}

export function EmailList({ label, filter, columns, empty }: EmailListProps) {
  const emails = useEmails(filter);
  const selection = useSelection(emails.data?.data);
  const looksOnly = useLooksOnly();
  if (emails.isError && !emails.data) {
    return (
      <ErrorState
        title="The messages could not be read"
        error={emails.error}
        onRetry={() => emails.refetch()}
      />
    );
  }
  if (emails.data?.data.length === 0) return empty;
  return (
    <>
      <Table
        label={label}
        columns={columns}
        rows={emails.data?.data}
        rowKey={(email) => email.id}
        link={(email) => ({ to: "/emails/$id", params: { id: email.id } })}
        linkLabel={(email) => `${email.subject || "No subject"}, to ${recipientLabel(email)}`}
        dimmed={emails.isPlaceholderData}
        {...(!looksOnly && { selection })}
      />
      {emails.data && !looksOnly && <BulkBar rows={emails.data.data} selection={selection} />}
      {emails.data && (
        <Pager
          cursor={filter}
          hasMore={emails.data.has_more}
          rows={emails.data.data}
          label={label.toLowerCase()}
        />
      )}
    </>
  );
}
