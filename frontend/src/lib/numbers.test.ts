import { describe, expect, it } from "vitest";
import { formatBytes, percent, plural, readNumber } from "./numbers";

describe("readNumber", () => {
  it.each([
    ["", null],
    ["  ", null],
    ["2", 2],
    ["0.05", 0.05],
    [".5", 0.5],
    ["1,5", 1.5],
  ])("%j is %s", (text, value) => expect(readNumber(text)).toBe(value));

  it.each(["-1", "two", "1e9", "1.2.3"])("%j is no number", (text) => expect(readNumber(text)).toBeNaN());
});

describe("formatBytes", () => {
  it.each([
    [0, "0 bytes"],
    [1, "1 byte"],
    [1434, "1.4 KB"],
    [1024 ** 2, "1 MB"],
    [25 * 1024 ** 2, "25 MB"],
  ])("%d is %s", (bytes, text) => expect(formatBytes(bytes)).toBe(text));
});

describe("plural and percent", () => {
  it("counts in words", () => {
    expect(plural(1, "email")).toBe("1 email");
    expect(plural(1200, "email")).toBe("1,200 emails");
    expect(plural(2, "address", "addresses")).toBe("2 addresses");
  });

  it("stays between 0 and 100", () => {
    expect(percent(0, 0)).toBe(0);
    expect(percent(5, 20)).toBe(25);
    expect(percent(30, 20)).toBe(100);
  });
});
