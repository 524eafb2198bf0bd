import { Dialog } from "./dialog";
import { Kbd } from "./kbd";

const SHORTCUTS: readonly [string, string][] = [
  ["C", "Compose"],
  ["/", "Search the list"],
  ["J", "Next row"],
  ["K", "Previous row"],
  ["Enter", "Open the row"],
  ["X", "Select the row"],
  ["Ctrl + Enter", "Schedule (in Compose)"],
  ["?", "This list"],
];

export function ShortcutsHelp({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title="Keyboard" onClose={onClose}>
      <dl className="space-y-2.5">
        {SHORTCUTS.map(([keys, what]) => (
          <div key={keys} className="flex justify-between">
            <dt className="text-soft">{what}</dt>
            <dd>
              <Kbd>{keys}</Kbd>
            </dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
