import type { ReactNode } from "react";
import { Brand } from "./brand";

/** The frame of the pages that stand before the dashboard. */
export function Entrance({ title, children }: { title: string; children: ReactNode }) {
  return (
    <main className="grid min-h-dvh place-items-center px-4 py-10">
      <div className="w-full max-w-sm">
        <div className="mb-8 flex justify-center">
          <Brand />
        </div>
        <div className="rounded-xl border border-line bg-surface p-6 shadow-xs">
          <h1 className="break-words font-semibold text-lg tracking-tight">{title}</h1>
          {children}
        </div>
      </div>
    </main>
  );
}

export function Failure({ children }: { children: ReactNode }) {
  return (
    <p role="alert" className="mt-4 break-words rounded-md bg-bad-wash px-3 py-2 text-[0.8125rem] text-bad">
      {children}
    </p>
  );
}
