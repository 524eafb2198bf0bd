import { Plus } from "lucide-react";
import { Button } from "@/ui/button";
import { Page } from "@/ui/page";
import { useSenders } from "./queries";
import { SenderForm } from "./sender-form";
import { SenderList } from "./sender-list";
import { VerifyDialog } from "./verify-dialog";

/** What is open over the list, as the URL says: the form for a new sender or a known one, or a test. */
export interface SendersSearch {
  add?: boolean | undefined;
  edit?: string | undefined;
  test?: string | undefined;
}

interface SendersPageProps {
  search: SendersSearch;
  zone: string; // the workspace's
  onSearch: (search: SendersSearch) => void;
}

export function SendersPage({ search, zone, onSearch }: SendersPageProps) {
  const senders = useSenders();
  const find = (id: string | undefined) => senders.data?.data.find((sender) => sender.id === id);
  const edited = find(search.edit);
  const tested = find(search.test);
  const close = () => onSearch({});
  const add = (
    <Button
      variant="primary"
      changes
      icon={<Plus className="size-4" aria-hidden />}
      onClick={() => onSearch({ add: true })}
    >
      Add sender
    </Button>
  );
  return (
    <Page title="Senders" width="narrow" actions={add}>
      <SenderList
        onEdit={(edit) => onSearch({ edit })}
        onTest={(test) => onSearch({ test })}
        addButton={add}
      />
      {(search.add || edited) && (
        <SenderForm
          key={edited?.id ?? "new"}
          sender={edited ?? null}
          zone={zone}
          onClose={close}
          onSaved={(sender) => onSearch(edited ? { test: sender.id } : {})}
        />
      )}
      {tested && <VerifyDialog key={tested.id} sender={tested} onClose={close} />}
    </Page>
  );
}
