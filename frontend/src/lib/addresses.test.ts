import { describe, expect, it } from "vitest";
import { countAddresses, displayAddress, initials } from "./addresses";

describe("countAddresses", () => {
  it.each([
    ["", 0, 0],
    ["nobody here, just text @ home", 0, 0],
    ["ada@example.com", 1, 0],
    ["ada@example.com, bob@example.com; eve@example.com\ndan@example.org", 4, 0],
    ["Ada <ada@example.com>, ADA@Example.com", 1, 1],
    ["email;name\nada@example.com;Ada\nbob@example.com;Bob\n", 2, 0],
    ['"ada@example.com","Lovelace, Ada"', 1, 0],
    ["\ufeffemail\nada@example.com\n", 1, 0],
    ["Write to ada@example.com. Thanks", 1, 0],
    ["ada@localhost", 0, 0],
  ])("%j holds %d and %d duplicates", (text, unique, duplicates) => {
    expect(countAddresses(text)).toEqual({ unique, duplicates });
  });

  it("counts a hundred thousand lines", () => {
    const text = Array.from({ length: 100_000 }, (_, i) => `person${i}@example.com`).join("\n");
    expect(countAddresses(text).unique).toBe(100_000);
  });

  it("reads a megabyte without a single space or @ in passing", () => {
    expect(countAddresses("a".repeat(1_000_000)).unique).toBe(0);
  });
});

describe("displayAddress", () => {
  it.each([
    ["ada@example.com", null, "ada@example.com"],
    ["Ada Lovelace <ada@example.com>", "Ada Lovelace", "ada@example.com"],
    ['"Lovelace, Ada" <ada@example.com>', "Lovelace, Ada", "ada@example.com"],
    ["<ada@example.com>", null, "ada@example.com"],
  ])("%s", (text, name, email) => {
    expect(displayAddress(text)).toEqual({ name, email });
  });
});

describe("initials", () => {
  it.each([
    ["Ada Lovelace", "a@b.c", "AL"],
    ["Ada King Lovelace", "a@b.c", "AL"],
    [null, "ada.lovelace@example.com", "AL"],
    ["", "root@example.com", "R"],
  ])("%s %s", (name, email, expected) => {
    expect(initials(name, email)).toBe(expected);
  });
});
