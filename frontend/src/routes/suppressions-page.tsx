import { getRouteApi } from "@tanstack/react-router";
import { Download, Plus } from "lucide-react";
import { useState } from "react";
import { useMe } from "@/features/session/queries";
import { AddSuppressions } from "@/features/suppressions/add-suppressions";
import { exportPath } from "@/features/suppressions/queries";
import { SuppressionFilters } from "@/features/suppressions/suppression-filters";
import { SuppressionList } from "@/features/suppressions/suppression-list";
import { Button, buttonClasses } from "@/ui/button";
import { Card, Page } from "@/ui/page";

const route = getRouteApi("/app/suppressions");

export function SuppressionsPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const me = useMe();
  const [adding, setAdding] = useState(false);
  const mayChange = me.data !== undefined && me.data.role !== "viewer";
  return (
    <Page
      title="Suppressions"
      actions={
        <>
          <a href={exportPath(search)} download className={buttonClasses()}>
            <Download className="size-4" aria-hidden />
            Export
          </a>
          <Button
            variant="primary"
            icon={<Plus className="size-4" aria-hidden />}
            rests={mayChange ? null : "You may look at this workspace but not change it."}
            onClick={() => setAdding(true)}
          >
            Add addresses
          </Button>
        </>
      }
    >
      <Card>
        <SuppressionFilters
          search={search}
          onChange={(change) =>
            navigate({ search: (old) => ({ ...old, after: undefined, before: undefined, ...change }) })
          }
        />
        <SuppressionList filter={search} mayChange={mayChange} />
      </Card>
      {adding && <AddSuppressions onClose={() => setAdding(false)} />}
    </Page>
  );
}
