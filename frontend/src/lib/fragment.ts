import { useState } from "react";

/**
 * What stands behind the `#` of a link that was mailed. It is taken out of the address bar at once, and kept for this tab:
 * a sign-in elsewhere may lead away and back.
 */
export function useFragment(key: string): string {
  const [token] = useState(() => {
    const given = window.location.hash.slice(1);
    if (given) {
      sessionStorage.setItem(key, given);
      window.history.replaceState(window.history.state, "", window.location.pathname);
    }
    return given || (sessionStorage.getItem(key) ?? "");
  });
  return token;
}

export function forgetFragment(key: string): void {
  sessionStorage.removeItem(key);
}
