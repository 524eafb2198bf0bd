import { Link } from "@tanstack/react-router";
import { TriangleAlert } from "lucide-react";
import { useWebhooks } from "./queries";

/** Says so where a webhook was disabled and nobody ordered it. */
export function WebhookNotice() {
  const webhooks = useWebhooks();
  const stopped = (webhooks.data?.data ?? []).filter(
    (webhook) => webhook.disabled_reason === "failing" || webhook.disabled_reason === "gone",
  );
  if (stopped.length === 0) return null;
  return (
    <ul className="mb-4 space-y-2">
      {stopped.map((webhook) => (
        <li
          key={webhook.id}
          className="flex items-start gap-2.5 rounded-lg border border-line bg-bad-wash px-4 py-3 text-[0.8125rem]"
        >
          <TriangleAlert className="mt-0.5 size-4 shrink-0 text-bad" aria-hidden />
          <p className="min-w-0 grow break-words">
            <strong className="font-medium">A webhook was disabled.</strong> {webhook.status_reason}{" "}
            <span className="break-all font-mono text-xs">{webhook.endpoint}</span>
          </p>
          <Link
            to="/settings/webhooks/$id"
            params={{ id: webhook.id }}
            className="shrink-0 rounded font-medium text-accent hover:underline"
          >
            Look at it
          </Link>
        </li>
      ))}
    </ul>
  );
}
