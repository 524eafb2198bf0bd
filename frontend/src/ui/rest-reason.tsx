import { type ReactElement, useId } from "react";

/** Says beside a button that rests why it does: on hover, on focus and to screen readers. */
export function RestReason({
  why,
  children,
}: {
  why: string | null;
  children: (describedBy: string | undefined) => ReactElement;
}) {
  const id = useId();
  if (!why) return children(undefined);
  return (
    <span className="group/why relative inline-flex">
      {children(id)}
      <span
        id={id}
        role="tooltip"
        className="pointer-events-none absolute top-full right-0 z-40 mt-1.5 hidden w-max max-w-60 whitespace-normal rounded-md bg-ink px-2.5 py-1.5 text-left text-canvas text-xs shadow-raised group-focus-within/why:block group-hover/why:block"
      >
        {why}
      </span>
    </span>
  );
}
