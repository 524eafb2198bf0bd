import { Link, type LinkProps } from "@tanstack/react-router";
import { Check, X } from "lucide-react";
import { type ReactNode, useState } from "react";
import { classes } from "@/lib/classes";
import { Button, buttonClasses } from "@/ui/button";
import { useLooksOnly } from "@/ui/looks-only";
import { Card, CardHeader } from "@/ui/page";

export interface FirstStep {
  readonly title: string;
  readonly text: ReactNode;
  readonly done: boolean;
  readonly action: string;
  readonly to: LinkProps["to"];
  readonly search?: LinkProps["search"];
}

interface FirstStepsProps {
  /** In the order in which they are offered; undefined while nobody knows what is done. */
  steps: readonly FirstStep[] | undefined;
  workspaceId: string;
}

/** What a new workspace needs before its first campaign. Gone once all is done, or when somebody has had enough of it. */
export function FirstSteps({ steps, workspaceId }: FirstStepsProps) {
  const key = `paceline.first-steps.${workspaceId}`;
  const [hidden, setHidden] = useState(() => localStorage.getItem(key) !== null);
  const looksOnly = useLooksOnly();
  if (!steps || hidden || looksOnly || steps.every(({ done }) => done)) return null;
  const next = steps.find(({ done }) => !done);
  function hide() {
    localStorage.setItem(key, "hidden");
    setHidden(true);
  }
  return (
    <div className="mb-4">
      <Card>
        <CardHeader title="Get started">
          <Button variant="quiet" size="iconSm" aria-label="Hide these steps" onClick={hide}>
            <X className="size-4" aria-hidden />
          </Button>
        </CardHeader>
        <ol className="grid md:grid-cols-3 md:divide-x md:divide-line max-md:divide-y max-md:divide-line">
          {steps.map((step, index) => (
            <li key={step.title} className="flex flex-col items-start p-4">
              <p className="flex items-center gap-2.5 font-medium">
                <span
                  className={classes(
                    "grid size-6 shrink-0 place-items-center rounded-full font-semibold text-xs",
                    step.done
                      ? "bg-ok-wash text-ok"
                      : step === next
                        ? "bg-accent-fill text-on-accent"
                        : "bg-raised text-soft",
                  )}
                >
                  {step.done ? <Check className="size-3.5" aria-hidden /> : index + 1}
                </span>
                {step.title}
                {step.done && <span className="sr-only">, done</span>}
              </p>
              <p className="mt-2 mb-3 text-[0.8125rem] text-faint">{step.text}</p>
              {!step.done && (
                <Link
                  to={step.to}
                  search={step.search}
                  className={classes(
                    buttonClasses({ variant: step === next ? "primary" : "secondary", size: "sm" }),
                    "mt-auto",
                  )}
                >
                  {step.action}
                </Link>
              )}
            </li>
          ))}
        </ol>
      </Card>
    </div>
  );
}
