import { getRouteApi } from "@tanstack/react-router";
import { SendersPage as Senders } from "@/features/senders/senders-page";
import { useMe } from "@/features/session/queries";
import { browserZone } from "@/lib/time";

const senders = getRouteApi("/app/senders");

export function SendersPage() {
  const search = senders.useSearch();
  const navigate = senders.useNavigate();
  const me = useMe();
  return (
    <Senders
      search={search}
      zone={me.data?.workspace.timezone ?? browserZone()}
      onSearch={(next) => navigate({ search: next })}
    />
  );
}
