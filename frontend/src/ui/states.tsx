import { type LucideIcon, RotateCw, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import { ApiError } from "@/api/client";
import { classes } from "@/lib/classes";
import { Button } from "./button";

export function Skeleton({ className }: { className?: string }) {
  return <div aria-hidden className={classes("motion-safe:animate-pulse rounded bg-raised", className)} />;
}

interface EmptyProps {
  icon: LucideIcon;
  title: string;
  children?: ReactNode;
  action?: ReactNode;
}

export function Empty({ icon: Icon, title, children, action }: EmptyProps) {
  return (
    <div className="flex flex-col items-center px-6 py-16 text-center">
      <div className="mb-3 rounded-full bg-raised p-3 text-faint">
        <Icon className="size-5.5" aria-hidden />
      </div>
      <p className="font-medium">{title}</p>
      {children && <div className="mt-1 max-w-sm text-faint">{children}</div>}
      {action && <div className="mt-4">{action}</div>}
    </div>
  );
}

export function ErrorState({ title, error, onRetry }: { title: string; error: Error; onRetry: () => void }) {
  const requestId = error instanceof ApiError ? error.requestId : null;
  return (
    <div role="alert" className="flex flex-col items-center px-6 py-16 text-center">
      <div className="mb-3 rounded-full bg-bad-wash p-3 text-bad">
        <TriangleAlert className="size-5.5" aria-hidden />
      </div>
      <p className="font-medium">{title}</p>
      <p className="mt-1 max-w-md text-faint">{error.message}</p>
      {requestId && <p className="mt-1 font-mono text-faint text-xs">Request {requestId}</p>}
      <div className="mt-4">
        <Button icon={<RotateCw className="size-4" aria-hidden />} onClick={onRetry}>
          Try again
        </Button>
      </div>
    </div>
  );
}
