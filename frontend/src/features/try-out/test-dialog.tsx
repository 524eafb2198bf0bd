import { SendHorizontal } from "lucide-react";
import { type FormEvent, useState } from "react";
import { ApiError } from "@/api/client";
import { plural } from "@/lib/numbers";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Field, Input } from "@/ui/field";
import { toast } from "@/ui/toast";
import { type Tried, useSendTest } from "./queries";

const MOST = 5;

interface TestDialogProps {
  tried: Tried;
  /** The person's own address, to begin with. */
  to: string;
  onClose: () => void;
}

/** Sends the first recipient's message to a few others. */
export function TestDialog({ tried, to, onClose }: TestDialogProps) {
  const [text, setText] = useState(to);
  const [problem, setProblem] = useState<string | null>(null);
  const send = useSendTest(tried);
  const addresses = text
    .split(/[,;\s]+/)
    .map((each) => each.trim())
    .filter(Boolean);

  function submit(event: FormEvent) {
    event.preventDefault();
    const found =
      addresses.length === 0
        ? "Give at least one address."
        : addresses.length > MOST
          ? `A test goes to at most ${MOST} addresses.`
          : null;
    setProblem(found);
    if (found) return;
    send.mutate(
      { to: addresses, index: 0 },
      {
        onSuccess: ({ data }) => {
          toast.done("Test sent", `${plural(data.length, "email")} under way; Sent shows what became of it.`);
          onClose();
        },
      },
    );
  }

  return (
    <Dialog title="Send a test" onClose={onClose}>
      <form onSubmit={submit} noValidate>
        <Field
          label="To"
          hint={`Up to ${MOST} addresses. They get what the first recipient would get.`}
          error={problem ?? errorOf(send.error)}
        >
          {(ids) => (
            <Input
              {...ids}
              data-autofocus
              autoComplete="email"
              spellCheck={false}
              placeholder="you@example.com"
              value={text}
              onChange={(event) => setText(event.target.value)}
            />
          )}
        </Field>
        <p className="mt-3 text-faint text-xs">
          The subject begins with [Test]. It counts against the sender's limits like any email, and its link
          to unsubscribe does nothing.
        </p>
        <div className="mt-5 flex justify-end gap-2">
          <Button onClick={onClose}>Close</Button>
          <Button
            type="submit"
            variant="primary"
            busy={send.isPending}
            icon={<SendHorizontal className="size-4" aria-hidden />}
          >
            Send test
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function errorOf(error: Error | null): string | undefined {
  if (!error) return undefined;
  return (error instanceof ApiError ? error.errors[0]?.message : undefined) ?? error.message;
}
