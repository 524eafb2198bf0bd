import { describe, expect, it } from "vitest";
import { DAYS, describeWindow, endsNextDay } from "./windows";

describe("describeWindow", () => {
  it.each([
    [["mon", "tue", "wed", "thu", "fri"], "09:00", "17:00", "Mon–Fri, 09:00–17:00"],
    [[...DAYS], "08:30", "24:00", "Every day, 08:30–24:00"],
    [["sun", "mon"], "09:00", "12:00", "Mon, Sun, 09:00–12:00"],
    [["mon", "tue", "thu", "fri", "sat"], "09:00", "12:00", "Mon, Tue, Thu–Sat, 09:00–12:00"],
    [["fri"], "22:00", "02:00", "Fri, 22:00–02:00 the next day"],
    [["fri"], "22:00", "00:00", "Fri, 22:00–00:00"],
  ])("%j from %s to %s is %s", (days, start, end, text) => {
    expect(describeWindow({ days, start, end })).toBe(text);
  });

  it("knows which windows end on the day after", () => {
    expect(endsNextDay({ start: "09:00", end: "09:00" })).toBe(true);
    expect(endsNextDay({ start: "09:00", end: "24:00" })).toBe(false);
  });
});
