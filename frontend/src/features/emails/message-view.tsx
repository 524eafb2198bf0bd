import { ExternalLink as ExternalIcon } from "lucide-react";
import type { ReactNode } from "react";
import type { EmailDetail } from "@/api/types";
import { Badge } from "@/ui/badge";
import { ExternalLink } from "@/ui/button";
import { EMAIL_STATUS } from "@/ui/email-status";
import { Page } from "@/ui/page";
import { MessageActions } from "./message-actions";
import { MessageAttachments } from "./message-attachments";
import { MessageBody, type MessagePart } from "./message-body";
import { MessageFacts } from "./message-facts";
import { MessageRecipients } from "./message-recipients";
import { MessageTimeline } from "./message-timeline";
import { ResolvePanel } from "./resolve-panel";
import { WhyNotYet } from "./waiting";

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
          <MessageActions email={email} zone={campaign?.timezone} />
        </>
      }
    >
      <div className="grid gap-4 xl:grid-cols-[minmax(0,1fr)_24rem]">
        <div className="min-w-0 space-y-4">
          <ResolvePanel email={email} />
          <WhyNotYet email={email} />
          <MessageBody email={email} part={part} onPart={onPart} />
        </div>
        <div className="min-w-0 space-y-4">
          <MessageFacts email={email} campaign={campaign} />
          <MessageAttachments email={email} />
          <MessageRecipients email={email} />
          <MessageTimeline id={email.id} />
        </div>
      </div>
    </Page>
  );
}
