import { getRouteApi, Navigate } from "@tanstack/react-router";
import { useEffect } from "react";
import { useMe } from "@/features/session/queries";
import { SignIn } from "@/features/session/sign-in";

const route = getRouteApi("/sign-in");

export function SignInPage() {
  const { next, error } = route.useSearch();
  const me = useMe();
  useEffect(() => {
    document.title = "Sign in · Paceline";
  }, []);
  if (me.data?.user) return <Navigate to={next ?? "/"} replace />;
  return <SignIn next={next} failure={error} />;
}
