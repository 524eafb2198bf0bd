import { getRouteApi, useRouter } from "@tanstack/react-router";
import { useEffect } from "react";
import { useMe } from "@/features/session/queries";
import { SignIn } from "@/features/session/sign-in";

const route = getRouteApi("/sign-in");

export function SignInPage() {
  const { next, error } = route.useSearch();
  const router = useRouter();
  const me = useMe();
  useEffect(() => {
    document.title = "Sign in · Paceline";
  }, []);
  const signedIn = me.data?.user != null;
  useEffect(() => {
    if (signedIn) router.history.replace(next ?? "/");
  }, [signedIn, router, next]);
  if (signedIn) return null;
  return <SignIn next={next} failure={error} />;
}
