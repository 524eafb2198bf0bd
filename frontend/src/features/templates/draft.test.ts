import { describe, expect, it } from "vitest";
import { isSame, lineOf, NEW, spanOf, wordsOf } from "./draft";

describe("lineOf", () => {
  it.each([
    ["Line 3: a loop is not allowed in a template.", 3],
    ["A template needs html or text.", null],
    [undefined, null],
  ])("%j is %s", (message, line) => expect(lineOf(message)).toBe(line));
});

describe("spanOf", () => {
  it("finds each line", () => {
    const text = "one\n\nthree";
    expect(spanOf(text, 1)).toEqual([0, 3]);
    expect(spanOf(text, 2)).toEqual([4, 4]);
    expect(text.slice(...spanOf(text, 3))).toBe("three");
  });
});

describe("wordsOf and isSame", () => {
  it("takes what is empty for none", () => {
    expect(wordsOf({ ...NEW, html: " \n", text: "Hi" })).toEqual({ subject: null, html: null, text: "Hi" });
  });
  it("sees a change", () => {
    expect(isSame(NEW, { ...NEW })).toBe(true);
    expect(isSame(NEW, { ...NEW, subject: "Hi" })).toBe(false);
  });
});
