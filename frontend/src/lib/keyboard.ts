import { useLayoutEffect, useRef } from "react";

/** True while a key press belongs to a field, so that single-letter shortcuts stay out of the way. */
export function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    target.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]") !== null
  );
}

/** Runs a handler for plain keys (no modifier, no field in focus, no open dialog). Keys are `KeyboardEvent.key`. */
export function useShortcuts(shortcuts: Readonly<Record<string, (event: KeyboardEvent) => void>>): void {
  const latest = useRef(shortcuts);
  // Before the page is painted: who sees it may press a key at once.
  useLayoutEffect(() => {
    latest.current = shortcuts;
  });
  useLayoutEffect(() => {
    function onKeyDown(event: KeyboardEvent) {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      if (isTyping(event.target) || document.querySelector("dialog[open]")) return;
      const handler = latest.current[event.key];
      if (!handler) return;
      event.preventDefault();
      handler(event);
    }
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  }, []);
}

/** Moves focus along the rows of a list (elements with `data-row`) by one step. */
export function moveRow(step: 1 | -1): void {
  const rows = [...document.querySelectorAll<HTMLElement>("[data-row]")];
  if (rows.length === 0) return;
  const focused = document.activeElement;
  const at = rows.findIndex((row) => row === focused || row.closest("tr")?.contains(focused));
  const next = at === -1 ? (step === 1 ? 0 : rows.length - 1) : at + step;
  const row = rows[Math.min(rows.length - 1, Math.max(0, next))];
  row?.focus();
  row?.scrollIntoView({ block: "nearest" });
}

/** Ticks the box of the row in focus, as a click with or without Shift would. */
export function selectRow(): void {
  const row = document.activeElement?.closest("tr");
  row?.querySelector<HTMLInputElement>("input[data-select]")?.click();
}
