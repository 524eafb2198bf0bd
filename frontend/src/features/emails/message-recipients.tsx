import type { EmailDetail } from "@/api/types";
import { Card, CardHeader } from "@/ui/page";

export function MessageRecipients({ email }: { email: EmailDetail }) {
  return (
    <Card>
      <CardHeader title="Recipients">
        <span className="text-faint text-xs">{email.recipients.length}</span>
      </CardHeader>
      <ul className="max-h-80 divide-y divide-line overflow-y-auto">
        {email.recipients.map((recipient) => (
          <li key={`${recipient.kind} ${recipient.email}`} className="px-4 py-2.5 text-[0.8125rem]">
            <div className="flex items-baseline gap-2">
              <span className="w-7 shrink-0 text-faint text-xs uppercase">{recipient.kind}</span>
              <span className="min-w-0 break-all">{recipient.email}</span>
            </div>
            {recipient.reply && <p className="mt-1 pl-9 font-mono text-faint text-xs">{recipient.reply}</p>}
          </li>
        ))}
      </ul>
    </Card>
  );
}
