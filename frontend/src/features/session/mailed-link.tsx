import { forgetFragment, useFragment } from "@/lib/fragment";
import { Button, buttonClasses } from "@/ui/button";
import { Entrance, Failure } from "@/ui/entrance";
import { Skeleton } from "@/ui/states";
import { useLink, useSpendLink } from "./queries";

const KEPT = "paceline-sign-in-link";

/** Where a mailed sign-in link leads. Opening it does nothing: only the button spends the link. */
export function MailedLink() {
  const token = useFragment(KEPT);
  const link = useLink(token);
  const spend = useSpendLink();

  function signIn() {
    spend.mutate(token, {
      onSuccess: () => {
        forgetFragment(KEPT);
        window.location.assign("/");
      },
    });
  }
  const failure = spend.error ?? link.error;
  return (
    <Entrance title="Sign in">
      {link.isPending && (
        <div className="mt-4">
          <Skeleton className="h-9 w-full" />
        </div>
      )}
      {failure && (
        <>
          <Failure>
            {token ? failure.message : "This link is not whole. Open the one in your mail again."}
          </Failure>
          <a href="/sign-in" className={`${buttonClasses()} mt-5 w-full`}>
            To the sign-in page
          </a>
        </>
      )}
      {link.data && !failure && (
        <>
          <p className="mt-1 break-words text-faint">
            As <span className="font-medium text-ink">{link.data.email}</span>, to the workspace{" "}
            <span className="font-medium text-ink">{link.data.workspace}</span>.
          </p>
          <Button variant="primary" className="mt-5 w-full" busy={spend.isPending} onClick={signIn}>
            Sign in
          </Button>
          <p className="mt-3 text-faint text-xs">The link works once. It holds for this workspace alone.</p>
        </>
      )}
    </Entrance>
  );
}
