import { MailCheck } from "lucide-react";
import { type FormEvent, useState } from "react";
import { ApiError } from "@/api/client";
import { Button } from "@/ui/button";
import { Field, Input } from "@/ui/field";
import { useAskForLink } from "./queries";

interface EmailSignInProps {
  /** Of an invitation: the address is given and the link joins. */
  invited?: { email: string; token: string };
}

/** Asks for a sign-in link by email. What it says afterwards is the same whoever the address belongs to. */
export function EmailSignIn({ invited }: EmailSignInProps) {
  const [email, setEmail] = useState(invited?.email ?? "");
  const ask = useAskForLink();
  const [asked, setAsked] = useState<string | null>(null);

  function submit(event: FormEvent) {
    event.preventDefault();
    const wanted = email.trim();
    if (wanted === "") return;
    ask.mutate(
      { email: wanted, ...(invited && { invitation: invited.token }) },
      { onSuccess: () => setAsked(wanted) },
    );
  }
  if (asked) {
    return (
      <div role="status" className="flex gap-3">
        <MailCheck className="mt-0.5 size-4.5 shrink-0 text-ok" aria-hidden />
        <div className="min-w-0 text-[0.8125rem]">
          <p className="font-medium">Look into your mail</p>
          <p className="mt-0.5 break-words text-faint">
            If <span className="text-soft">{asked}</span> may sign in here, a link is on its way. It works
            once, for 15 minutes. Nothing came? The workspace needs a default sender that works.
          </p>
          <button
            type="button"
            className="mt-1.5 font-medium text-accent hover:underline"
            onClick={() => setAsked(null)}
          >
            Ask again
          </button>
        </div>
      </div>
    );
  }
  return (
    <form noValidate onSubmit={submit} className="space-y-3">
      <Field
        label="Email"
        error={
          ask.error instanceof ApiError ? ask.error.message : ask.error ? "That did not work." : undefined
        }
      >
        {(ids) => (
          <Input
            {...ids}
            type="email"
            autoComplete="email"
            required
            maxLength={320}
            readOnly={invited !== undefined}
            value={email}
            onChange={(event) => setEmail(event.target.value)}
          />
        )}
      </Field>
      <Button type="submit" className="w-full" busy={ask.isPending}>
        Mail me a sign-in link
      </Button>
    </form>
  );
}
