import { ChevronLeft, ChevronRight, TriangleAlert } from "lucide-react";
import { type FormEvent, useState } from "react";
import type { CampaignPreview } from "@/api/types";
import { classes } from "@/lib/classes";
import { formatCount } from "@/lib/numbers";
import { Button } from "@/ui/button";
import { Input } from "@/ui/field";
import { HtmlFrame } from "@/ui/html-frame";
import { Segmented } from "@/ui/segmented";
import { ErrorState, Skeleton } from "@/ui/states";
import { type Tried, usePreview, type Whose } from "./queries";

interface PreviewProps {
  tried: Tried;
  whose: Whose;
  onWhose: (whose: Whose) => void;
}

type View = "message" | "text" | "source";

/** Any recipient's message, made by the server as it will be sent. */
export function Preview({ tried, whose, onWhose }: PreviewProps) {
  const [view, setView] = useState<View>("message");
  const preview = usePreview(tried, whose);
  const shown = preview.data;
  const hasBoth = shown !== undefined && shown.html !== null && shown.text !== null;
  const seen = view === "text" && !hasBoth ? "message" : view;
  return (
    <>
      <div className="mb-4 flex flex-wrap items-center gap-x-4 gap-y-3">
        <Steps shown={shown} onStep={(index) => onWhose({ index })} />
        <Find onFind={(email) => onWhose({ email })} />
        <div className="sm:ml-auto">
          <Segmented
            label="View"
            size="sm"
            value={seen}
            options={[
              { value: "message", label: "Message" },
              ...(hasBoth ? [{ value: "text" as const, label: "Text" }] : []),
              { value: "source", label: "Source" },
            ]}
            onChange={setView}
          />
        </div>
      </div>
      {preview.isError ? (
        <ErrorState
          title="This message cannot be shown"
          error={preview.error}
          onRetry={() => preview.refetch()}
        />
      ) : shown ? (
        <div
          aria-busy={preview.isPlaceholderData}
          className={classes("transition-opacity", preview.isPlaceholderData && "opacity-60")}
        >
          {seen === "source" ? (
            <Source text={shown.source} />
          ) : (
            <Message shown={seen === "text" ? { ...shown, html: null } : shown} />
          )}
        </div>
      ) : (
        <Skeleton className="h-64 w-full" />
      )}
    </>
  );
}

function Steps({ shown, onStep }: { shown: CampaignPreview | undefined; onStep: (index: number) => void }) {
  const index = shown?.index ?? 0;
  const count = shown?.count ?? 0;
  return (
    <div className="flex items-center gap-1.5">
      <Button
        size="iconSm"
        aria-label="Previous recipient"
        disabled={index <= 0}
        onClick={() => onStep(index - 1)}
      >
        <ChevronLeft className="size-4" aria-hidden />
      </Button>
      <span className="tabular px-1 text-[0.8125rem] text-soft" aria-live="polite">
        {shown ? `${formatCount(index + 1)} of ${formatCount(count)}` : "…"}
      </span>
      <Button
        size="iconSm"
        aria-label="Next recipient"
        disabled={index + 1 >= count}
        onClick={() => onStep(index + 1)}
      >
        <ChevronRight className="size-4" aria-hidden />
      </Button>
    </div>
  );
}

function Find({ onFind }: { onFind: (email: string) => void }) {
  const [text, setText] = useState("");
  function submit(event: FormEvent) {
    event.preventDefault();
    if (text.trim()) onFind(text.trim());
  }
  return (
    <form onSubmit={submit} className="w-full sm:w-56">
      <Input
        inputMode="email"
        aria-label="Find a recipient by address"
        placeholder="Find an address, press Enter"
        autoComplete="off"
        spellCheck={false}
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
    </form>
  );
}

function Message({ shown }: { shown: CampaignPreview }) {
  const { email, name } = shown.recipient;
  return (
    <div className="overflow-hidden rounded-lg border border-line">
      <div className="border-line border-b px-4 py-3">
        <p className="break-words font-medium">{shown.subject}</p>
        <p className="mt-0.5 break-all text-[0.8125rem] text-faint">
          To {name ? `${name} <${email}>` : email}
        </p>
        {shown.missing.length > 0 && (
          <p className="mt-2 flex items-start gap-2 text-[0.8125rem] text-warn">
            <TriangleAlert className="mt-0.5 size-4 shrink-0" aria-hidden />
            This recipient has nothing for {shown.missing.join(", ")}.
          </p>
        )}
      </div>
      {shown.html !== null ? (
        <HtmlFrame title="Message as this recipient gets it" html={shown.html} />
      ) : (
        <Text label="Message as this recipient gets it" text={shown.text ?? ""} />
      )}
    </div>
  );
}

function Source({ text }: { text: string }) {
  return (
    <div className="rounded-lg border border-line">
      <Text label="Source of the message" text={text} mono />
    </div>
  );
}

function Text({ label, text, mono = false }: { label: string; text: string; mono?: boolean }) {
  return (
    <section
      aria-label={label}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
      tabIndex={0}
      className={classes(
        "max-h-[60vh] overflow-auto whitespace-pre-wrap break-words p-4",
        mono ? "font-mono text-xs" : "leading-relaxed",
      )}
    >
      {text}
    </section>
  );
}
