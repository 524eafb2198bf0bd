import { createContext, useContext } from "react";

/** Why nothing may be changed here, in words for the person; null where it may. The layout gives it. */
export const LooksOnly = createContext<string | null>(null);

export function useLooksOnly(): string | null {
  return useContext(LooksOnly);
}
