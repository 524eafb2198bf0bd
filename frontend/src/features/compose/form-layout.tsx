import type { FormEvent, KeyboardEvent, ReactNode } from "react";
import type { Sender } from "@/api/types";
import { Card } from "@/ui/page";
import { AdvancedTiming } from "./advanced-timing";
import type { Draft, Problems } from "./draft";
import { Forecast } from "./forecast";
import { MessageFields } from "./message-fields";
import { SenderChoice } from "./sender-choice";
import { TimingFields } from "./timing-fields";

interface FormLayoutProps {
  draft: Draft;
  problems: Problems;
  change: (patch: Partial<Draft>) => void;
  senders: readonly Sender[] | undefined;
  workspaceZone: string;
  /** Who it goes to. */
  recipients: ReactNode;
  columns: readonly string[];
  count: number;
  tryOut: ReactNode;
  summary: ReactNode;
  onSubmit: (event: FormEvent) => void;
}

/** Recipients, message and timing; beside them the sender, the forecast and what is done with it. */
export function FormLayout({
  draft,
  problems,
  change,
  senders,
  workspaceZone,
  recipients,
  columns,
  count,
  tryOut,
  summary,
  onSubmit,
}: FormLayoutProps) {
  function onKeyDown(event: KeyboardEvent<HTMLFormElement>) {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      event.currentTarget.requestSubmit();
    }
  }

  return (
    <form
      noValidate
      onSubmit={onSubmit}
      onKeyDown={onKeyDown}
      className="grid gap-4 lg:grid-cols-[minmax(0,1fr)_20rem] lg:items-start xl:grid-cols-[minmax(0,1fr)_23rem]"
    >
      <div className="min-w-0 space-y-4">
        <Section>{recipients}</Section>
        <Section>
          <MessageFields draft={draft} problems={problems} change={change} columns={columns} />
          {tryOut}
        </Section>
        <Section>
          <TimingFields draft={draft} problems={problems} change={change} workspaceZone={workspaceZone} />
          <AdvancedTiming draft={draft} problems={problems} change={change} workspaceZone={workspaceZone} />
        </Section>
      </div>
      <div className="min-w-0 space-y-4 lg:sticky lg:top-17">
        <Section>
          <SenderChoice
            senders={senders}
            chosen={draft.senderIds}
            onChange={(senderIds) => change({ senderIds })}
            error={problems.senderIds}
          />
        </Section>
        <Forecast draft={draft} count={count} />
        {summary}
      </div>
    </form>
  );
}

function Section({ children }: { children: ReactNode }) {
  return <Card className="p-4">{children}</Card>;
}
