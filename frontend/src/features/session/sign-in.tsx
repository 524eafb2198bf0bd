import { SquareTerminal } from "lucide-react";
import { Brand } from "@/ui/brand";
import { buttonClasses } from "@/ui/button";
import { Skeleton } from "@/ui/states";
import { GoogleLogo } from "./google-logo";
import { useAuthConfig } from "./queries";

/** What the server's codes mean to the person who tried. */
const FAILURES: Record<string, string> = {
  link: "That sign-in link was used already or has expired. Take a new one from the terminal.",
  denied: "The sign-in was not completed. Nothing has changed; try again.",
  state: "This sign-in took too long or was begun in another browser. Begin again.",
  provider: "The sign-in provider does not answer. Try again in a moment.",
  unverified: "The provider does not vouch for this email address. Verify it there first.",
  domain: "Accounts of this domain may not sign in here.",
  conflict: "This email address belongs to another account here.",
  not_configured: "No sign-in provider is set up.",
  unavailable: "The database does not answer. Try again in a moment.",
};

export function SignIn({ next, failure }: { next: string | undefined; failure: string | undefined }) {
  return (
    <main className="grid min-h-dvh place-items-center px-4 py-10">
      <div className="w-full max-w-sm">
        <div className="mb-8 flex justify-center">
          <Brand />
        </div>
        <div className="rounded-xl border border-line bg-surface p-6 shadow-xs">
          <h1 className="font-semibold text-lg tracking-tight">Sign in</h1>
          <p className="mt-1 text-faint">Scheduled mail that leaves on time, and never over the limit.</p>
          {failure && (
            <p role="alert" className="mt-4 rounded-md bg-bad-wash px-3 py-2 text-[0.8125rem] text-bad">
              {FAILURES[failure] ?? "The sign-in failed. Try again."}
            </p>
          )}
          <div className="mt-5">
            <Provider next={next ?? "/"} />
          </div>
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
        </div>
      </div>
    </main>
  );
}

function Provider({ next }: { next: string }) {
  const config = useAuthConfig();
  if (config.isPending) return <Skeleton className="h-9 w-full" />;
  const provider = config.data?.provider ?? null;
  if (provider === null) {
    return (
      <>
        <button
          type="button"
          disabled
          className={`${buttonClasses()} w-full`}
          aria-describedby="provider-hint"
        >
          <GoogleLogo />
          Continue with Google
        </button>
        <p id="provider-hint" className="mt-2.5 text-[0.8125rem] text-faint">
          {config.data?.hint ?? (
            <>
              Google sign-in is off. To turn it on, set <Variable>GOOGLE_CLIENT_ID</Variable> and{" "}
              <Variable>GOOGLE_CLIENT_SECRET</Variable> and start Paceline again.
            </>
          )}
        </p>
      </>
    );
  }
  return (
    <a
      href={`/auth/login?next=${encodeURIComponent(next)}`}
      className={`${buttonClasses({ variant: provider === "google" ? "secondary" : "primary" })} w-full`}
    >
      {provider === "google" && <GoogleLogo />}
      Continue with {provider === "google" ? "Google" : (config.data?.provider_label ?? "single sign-on")}
    </a>
  );
}

function Variable({ children }: { children: string }) {
  return <code className="break-all font-mono text-soft text-xs">{children}</code>;
}
