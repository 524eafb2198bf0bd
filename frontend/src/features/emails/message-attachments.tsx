import { Download, Image, Paperclip } from "lucide-react";
import type { EmailDetail } from "@/api/types";
import { formatBytes } from "@/lib/numbers";
import { Card, CardHeader } from "@/ui/page";

export function MessageAttachments({ email }: { email: EmailDetail }) {
  if (email.attachments.length === 0) return null;
  return (
    <Card>
      <CardHeader title="Attachments">
        <span className="text-faint text-xs">{email.attachments.length}</span>
      </CardHeader>
      <ul className="max-h-80 divide-y divide-line overflow-y-auto">
        {email.attachments.map((file) => {
          const Icon = file.content_disposition === "inline" ? Image : Paperclip;
          return (
            <li key={file.id}>
              <a
                href={`/v1/emails/${email.id}/attachments/${file.id}/content`}
                download={file.filename}
                className="flex items-center gap-3 px-4 py-2.5 text-[0.8125rem] hover:bg-raised/60 focus-visible:-outline-offset-2"
              >
                <Icon className="size-4 shrink-0 text-faint" aria-hidden />
                <span className="min-w-0 flex-1">
                  <span className="sr-only">Download </span>
                  <bdi className="block break-words">{file.filename}</bdi>
                  <span className="block text-faint text-xs">
                    {formatBytes(file.size)}
                    {file.content_disposition === "inline" && " · shown within the message"}
                  </span>
                </span>
                <Download className="size-4 shrink-0 text-faint" aria-hidden />
              </a>
            </li>
          );
        })}
      </ul>
    </Card>
  );
}
