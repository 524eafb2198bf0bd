import { Menu as MenuIcon, X } from "lucide-react";
import { type ReactNode, useEffect, useRef } from "react";
import { Brand } from "./brand";
import { Button } from "./button";

interface ShellProps {
  sidebar: ReactNode;
  header: ReactNode;
  /** Changes when the page does: an open drawer then closes. */
  location: string;
  children: ReactNode;
}

/** Sidebar and header around a page. Below 1024 px the sidebar is a drawer. */
export function Shell({ sidebar, header, location, children }: ShellProps) {
  const drawer = useRef<HTMLDialogElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the location is the trigger, not an input
  useEffect(() => drawer.current?.close(), [location]);
  return (
    <div className="min-h-dvh lg:grid lg:grid-cols-[14.5rem_minmax(0,1fr)]">
      <a
        href="#content"
        className="sr-only z-50 rounded-md bg-accent-fill px-3 py-2 font-medium text-on-accent focus-visible:not-sr-only focus-visible:fixed focus-visible:top-2 focus-visible:left-2"
      >
        Skip to content
      </a>
      <aside
        aria-label="Sidebar"
        className="sticky top-0 hidden h-dvh flex-col border-line border-r bg-surface lg:flex"
      >
        <div className="flex h-13 items-center px-4">
          <Brand />
        </div>
        {sidebar}
      </aside>
      <dialog
        ref={drawer}
        aria-label="Navigation"
        className="m-0 h-dvh max-h-none w-72 max-w-[85vw] border-line border-r bg-surface p-0 text-ink backdrop:bg-black/45"
        onClick={(event) => {
          if (event.target === drawer.current) drawer.current.close();
        }}
        onKeyDown={() => undefined}
      >
        <div className="flex h-full flex-col">
          <div className="flex h-13 items-center justify-between pr-2 pl-4">
            <Brand />
            <Button
              variant="quiet"
              size="icon"
              aria-label="Close navigation"
              onClick={() => drawer.current?.close()}
            >
              <X className="size-4.5" aria-hidden />
            </Button>
          </div>
          {sidebar}
        </div>
      </dialog>
      <div className="flex min-w-0 flex-col">
        <header className="sticky top-0 z-30 flex h-13 items-center gap-2 border-line border-b bg-canvas/90 px-3 backdrop-blur sm:px-5">
          <Button
            variant="quiet"
            size="icon"
            className="lg:hidden"
            aria-label="Open navigation"
            onClick={() => drawer.current?.showModal()}
          >
            <MenuIcon className="size-5" aria-hidden />
          </Button>
          {header}
        </header>
        <main id="content" tabIndex={-1} className="min-w-0 flex-1 outline-none">
          {children}
        </main>
      </div>
    </div>
  );
}
