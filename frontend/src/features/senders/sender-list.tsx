import { Server } from "lucide-react";
import type { ReactNode } from "react";
import { Card } from "@/ui/page";
import { Empty, ErrorState, Skeleton } from "@/ui/states";
import { useSenders } from "./queries";
import { SenderCard } from "./sender-card";

interface SenderListProps {
  onEdit: (id: string) => void;
  onTest: (id: string) => void;
  addButton: ReactNode;
}

export function SenderList({ onEdit, onTest, addButton }: SenderListProps) {
  const senders = useSenders();
  if (senders.isPending) {
    return (
      <div className="grid gap-3">
        {["first", "second"].map((key) => (
          <Card key={key} className="space-y-3 p-4">
            <Skeleton className="h-4 w-1/3" />
            <Skeleton className="h-3 w-1/2" />
            <Skeleton className="h-3 w-full" />
          </Card>
        ))}
      </div>
    );
  }
  if (senders.isError) {
    return (
      <Card>
        <ErrorState
          title="The senders could not be read"
          error={senders.error}
          onRetry={() => senders.refetch()}
        />
      </Card>
    );
  }
  if (senders.data.data.length === 0) {
    return (
      <Card>
        <Empty icon={Server} title="No senders yet" action={addButton}>
          A sender is an address and the SMTP account that sends for it, with its own limits.
        </Empty>
      </Card>
    );
  }
  return (
    <ul className="grid gap-3">
      {senders.data.data.map((sender) => (
        <li key={sender.id}>
          <SenderCard sender={sender} onEdit={() => onEdit(sender.id)} onTest={() => onTest(sender.id)} />
        </li>
      ))}
    </ul>
  );
}
