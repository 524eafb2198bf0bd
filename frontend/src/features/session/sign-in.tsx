import { SquareTerminal } from "lucide-react";
import { Entrance, Failure } from "@/ui/entrance";
import { EmailSignIn } from "./email-sign-in";
import { Provider } from "./provider";

/** What the server's codes mean to the person who tried. */
const FAILURES: Record<string, string> = {
  link: "That sign-in link was used already or has expired. Ask for a new one.",
  denied: "The sign-in was not completed. Nothing has changed; try again.",
  state: "This sign-in took too long or was begun in another browser. Begin again.",
  provider: "The sign-in provider does not answer. Try again in a moment.",
  unverified: "The provider does not vouch for this email address. Verify it there first.",
  domain: "Accounts of this domain may not sign in here.",
  conflict: "This email address belongs to another account here.",
  invitation: "This invitation was used already, was taken back or has expired. Ask for a new one.",
  invitation_email: "The invitation is for another email address. Sign in with that one.",
  not_configured: "No sign-in provider is set up.",
  unavailable: "The database does not answer. Try again in a moment.",
};

export function SignIn({ next, failure }: { next: string | undefined; failure: string | undefined }) {
  return (
    <Entrance title="Sign in">
      <p className="mt-1 text-faint">Scheduled mail that leaves on time, and never over the limit.</p>
      {failure && <Failure>{FAILURES[failure] ?? "The sign-in failed. Try again."}</Failure>}
      <div className="mt-5">
        <Provider next={next ?? "/"} />
      </div>
      <div className="my-5 h-px bg-line" />
      <EmailSignIn />
      <div className="my-5 h-px bg-line" />
      <div className="flex gap-3">
        <SquareTerminal className="mt-0.5 size-4.5 shrink-0 text-faint" aria-hidden />
        <div className="text-[0.8125rem]">
          <p className="font-medium">One-time link</p>
          <p className="mt-0.5 text-faint">
            <code className="font-mono text-soft text-xs">paceline up</code> prints a sign-in link in the
            terminal each time it starts. Open it in this browser.
          </p>
        </div>
      </div>
    </Entrance>
  );
}
