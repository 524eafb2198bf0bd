import type { EmailDetail } from "@/api/types";
import { HtmlFrame } from "@/ui/html-frame";
import { Card } from "@/ui/page";
import { Segmented } from "@/ui/segmented";
import { ErrorState, Skeleton } from "@/ui/states";
import { useEmailSource } from "./queries";

export type MessagePart = "html" | "text" | "source";

const LABELS: Record<MessagePart, string> = { html: "Message", text: "Text", source: "Source" };

interface MessageBodyProps {
  email: EmailDetail;
  part: MessagePart | undefined;
  onPart: (part: MessagePart) => void;
}

export function MessageBody({ email, part, onPart }: MessageBodyProps) {
  const parts: MessagePart[] = [];
  if (email.html !== null) parts.push("html");
  if (email.text !== null) parts.push("text");
  parts.push("source");
  const shown = part && parts.includes(part) ? part : (parts[0] ?? "source");
  return (
    <Card>
      <div className="flex items-center justify-between border-line border-b px-3 py-2">
        <Segmented
          label="Part of the message"
          size="sm"
          value={shown}
          options={parts.map((value) => ({ value, label: LABELS[value] }))}
          onChange={onPart}
        />
      </div>
      {shown === "html" && <HtmlFrame title="Rendered message" html={email.html ?? ""} />}
      {shown === "text" && (
        <pre className="whitespace-pre-wrap break-words p-4 font-sans leading-relaxed">{email.text}</pre>
      )}
      {shown === "source" && <Source id={email.id} />}
    </Card>
  );
}

function Source({ id }: { id: string }) {
  const source = useEmailSource(id);
  if (source.isPending) {
    return (
      <div className="space-y-2 p-4">
        {["w-2/3", "w-1/2", "w-3/4", "w-1/3"].map((width) => (
          <Skeleton key={width} className={`h-3.5 ${width}`} />
        ))}
      </div>
    );
  }
  if (source.isError) {
    return (
      <ErrorState
        title="The source could not be read"
        error={source.error}
        onRetry={() => source.refetch()}
      />
    );
  }
  return (
    <pre className="max-h-[70vh] overflow-auto whitespace-pre-wrap break-all p-4 font-mono text-xs leading-relaxed">
      {source.data}
    </pre>
  );
}
