import type { Me } from "@/api/types";
import { Avatar } from "@/ui/avatar";
import { Fact, Facts } from "@/ui/facts";
import { Card, CardHeader } from "@/ui/page";
import { ROLES } from "@/ui/role";

export function Profile({ me }: { me: Me }) {
  const { user } = me;
  if (!user) return null;
  return (
    <Card>
      <CardHeader title="Profile" />
      <div className="flex items-center gap-3 px-4 pt-4">
        <Avatar name={user.name} email={user.email} url={user.avatar_url} />
        <div className="min-w-0">
          <p className="truncate font-medium">{user.name}</p>
          <p className="truncate text-faint text-[0.8125rem]">{user.email}</p>
        </div>
      </div>
      <Facts>
        <Fact label="Your role">{ROLES[me.role].label}</Fact>
      </Facts>
    </Card>
  );
}
