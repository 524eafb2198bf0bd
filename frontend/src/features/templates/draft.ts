import type { Template } from "@/api/types";

/** What the editor holds: text as typed. */
export interface Draft {
  readonly name: string;
  readonly alias: string;
  readonly subject: string;
  readonly html: string;
  readonly text: string;
  /** Types and fallbacks that a program has declared; the editor keeps them. */
  readonly declared: readonly Declared[];
}

export interface Declared {
  readonly key: string;
  readonly type: "string" | "number";
  readonly fallback_value: string | number | null;
}

export const NEW: Draft = { name: "", alias: "", subject: "", html: "", text: "", declared: [] };

export function draftOf(template: Template): Draft {
  return {
    name: template.name,
    alias: template.alias ?? "",
    subject: template.subject ?? "",
    html: template.html ?? "",
    text: template.text ?? "",
    declared: template.variables
      .filter((each) => each.fallback_value !== null || each.type === "number")
      .map(({ key, type, fallback_value }) => ({ key, type, fallback_value })),
  };
}

/** The words as the API takes them: what is empty is none. */
export function wordsOf(draft: Draft) {
  return {
    subject: draft.subject === "" ? null : draft.subject,
    html: draft.html.trim() === "" ? null : draft.html,
    text: draft.text.trim() === "" ? null : draft.text,
  };
}

export function isSame(one: Draft, other: Draft): boolean {
  const fields = ["name", "alias", "subject", "html", "text"] as const;
  return fields.every((field) => one[field] === other[field]);
}

/** The line that a message such as "Line 3: a loop is not allowed in a template." names. */
export function lineOf(message: string | undefined): number | null {
  const found = /^Line (\d+):/.exec(message ?? "");
  return found?.[1] ? Number(found[1]) : null;
}

/** Where line `line` (from 1) begins and ends in a text. */
export function spanOf(text: string, line: number): [start: number, end: number] {
  const lines = text.split("\n");
  const start = lines.slice(0, line - 1).reduce((sum, each) => sum + each.length + 1, 0);
  return [start, start + (lines[line - 1]?.length ?? 0)];
}
