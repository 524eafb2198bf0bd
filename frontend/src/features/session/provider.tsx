import { buttonClasses } from "@/ui/button";
import { Skeleton } from "@/ui/states";
import { GoogleLogo } from "./google-logo";
import { useAuthConfig } from "./queries";

/** The way in by an OpenID provider; without one, how to set Google up. */
export function Provider({ next, invitation }: { next: string; invitation?: string }) {
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
  const query = new URLSearchParams({ next, ...(invitation && { invitation }) });
  return (
    <a
      href={`/auth/login?${query}`}
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
