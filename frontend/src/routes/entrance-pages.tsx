import { getRouteApi, useRouter } from "@tanstack/react-router";
import { useEffect } from "react";
import { auth } from "@/api/client";
import { EmailSignIn } from "@/features/session/email-sign-in";
import { MailedLink } from "@/features/session/mailed-link";
import { Provider } from "@/features/session/provider";
import { useMe } from "@/features/session/queries";
import { SignIn } from "@/features/session/sign-in";
import { Join } from "@/features/team/join";

const route = getRouteApi("/sign-in");

function useTitle(title: string) {
  useEffect(() => {
    document.title = `${title} · Paceline`;
  }, [title]);
}

export function SignInPage() {
  const { next, error } = route.useSearch();
  const router = useRouter();
  const me = useMe();
  useTitle("Sign in");
  const signedIn = me.data?.user != null;
  useEffect(() => {
    if (signedIn) router.history.replace(next ?? "/");
  }, [signedIn, router, next]);
  if (signedIn) return null;
  return <SignIn next={next} failure={error} />;
}

export function MailedLinkPage() {
  useTitle("Sign in");
  return <MailedLink />;
}

export function JoinPage() {
  const me = useMe();
  useTitle("Join a workspace");
  return (
    <Join
      user={me.isPending ? undefined : (me.data?.user ?? null)}
      signOut={() => auth.post("/auth/logout").finally(() => window.location.reload())}
      ways={(invited) => (
        <>
          <Provider next="/" invitation={invited.token} />
          <div className="my-5 h-px bg-line" />
          <EmailSignIn invited={invited} />
        </>
      )}
    />
  );
}
