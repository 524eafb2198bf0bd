import { SendHorizontal } from "lucide-react";
import { useRef, useState } from "react";
import { Button } from "@/ui/button";
import { Card, CardHeader } from "@/ui/page";
import { MissingNote } from "./missing-note";
import { Preview } from "./preview";
import type { Tried, Whose } from "./queries";
import { TestDialog } from "./test-dialog";

interface MessageCardProps {
  tried: Tried;
  /** The person's own address, for tests. */
  me: string;
}

/** A campaign's message on its page: as any recipient gets it, who it has no words for, and a test of it. */
export function MessageCard({ tried, me }: MessageCardProps) {
  const [whose, setWhose] = useState<Whose>({ index: 0 });
  const [testing, setTesting] = useState(false);
  const shown = useRef<HTMLDivElement>(null);
  function look(email: string) {
    setWhose({ email });
    shown.current?.scrollIntoView({ block: "nearest" });
  }
  return (
    <Card>
      <CardHeader title="Message">
        <Button
          size="sm"
          changes
          icon={<SendHorizontal className="size-3.5" aria-hidden />}
          onClick={() => setTesting(true)}
        >
          Send test
        </Button>
      </CardHeader>
      <div className="p-4">
        <MissingNote tried={tried} onLook={look} className="mb-4" />
        <div ref={shown} className="scroll-mt-16">
          <Preview tried={tried} whose={whose} onWhose={setWhose} />
        </div>
      </div>
      {testing && <TestDialog tried={tried} to={me} onClose={() => setTesting(false)} />}
    </Card>
  );
}
