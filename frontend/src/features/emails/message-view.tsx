import { ExternalLink as ExternalIcon, Hourglass } from "lucide-react";
import type { ReactNode } from "react";
import type { EmailDetail } from "@/api/types";
import { Badge } from "@/ui/badge";
import { ExternalLink } from "@/ui/button";
import { EMAIL_STATUS } from "@/ui/email-status";
import { Card, Page } from "@/ui/page";
import { RelativeTime } from "@/ui/time";
import { CancelEmail } from "./cancel-email";
import { MessageBody, type MessagePart } from "./message-body";
import { MessageFacts } from "./message-facts";
import { MessageRecipients } from "./message-recipients";
import { MessageTimeline } from "./message-timeline";
import { waitingReason } from "./waiting";

interface MessageViewProps {
  email: EmailDetail;
  part: MessagePart | undefined;
  onPart: (part: MessagePart) => void;
  back: ReactNode;
  campaign: { id: string; name: string; timezone: string } | null;
}

export function MessageView({ email, part, onPart, back, campaign }: MessageViewProps) {
  return (
    <Page
      title={email.subject || "No subject"}
      beside={<Badge {...EMAIL_STATUS[email.status]} title={EMAIL_STATUS[email.status].meaning} />}
      back={back}
      actions={
        <>
          {email.preview_url && (
            <ExternalLink href={email.preview_url}>
              Open preview
              <ExternalIcon className="size-4" aria-hidden />
            </ExternalLink>
          )}
          <CancelEmail email={email} />
        </>
      }
    >
      <div className="grid gap-4 xl:grid-cols-[minmax(0,1fr)_24rem]">
        <div className="min-w-0 space-y-4">
          <WhyNotYet email={email} />
          <MessageBody email={email} part={part} onPart={onPart} />
        </div>
        <div className="min-w-0 space-y-4">
          <MessageFacts email={email} campaign={campaign} />
          <MessageRecipients email={email} />
          <MessageTimeline id={email.id} />
        </div>
      </div>
    </Page>
  );
}

function WhyNotYet({ email }: { email: EmailDetail }) {
  const waiting = email.waiting_for;
  if (!waiting) return null;
  return (
    <Card className="flex items-start gap-3 px-4 py-3">
      <Hourglass className="mt-0.5 size-4.5 shrink-0 text-accent" aria-hidden />
      <div>
        <p className="font-medium">Why not yet: {waitingReason(waiting).toLowerCase()}</p>
        <p className="mt-0.5 text-faint">
          {waiting.next_at ? (
            <>
              Next chance <RelativeTime at={waiting.next_at} coming />
            </>
          ) : (
            "It goes on as soon as that is resolved."
          )}
          {email.last_reply && <span className="mt-1 block font-mono text-xs">{email.last_reply}</span>}
        </p>
      </div>
    </Card>
  );
}
