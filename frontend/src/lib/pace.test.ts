import { describe, expect, it } from "vitest";
import { earliestLast } from "./pace";

const start = new Date("2026-11-21T09:00:00Z");
const base = { start, delaySeconds: 0, hourlyLimits: [], windowSeconds: 3600 };

describe("earliestLast", () => {
  it.each([
    [{ ...base, count: 1 }, "2026-11-21T09:00:00.000Z"],
    [{ ...base, count: 500, delaySeconds: 0.1 }, "2026-11-21T09:00:49.900Z"],
    [{ ...base, count: 200, hourlyLimits: [200] }, "2026-11-21T09:00:00.000Z"],
    [{ ...base, count: 201, hourlyLimits: [200] }, "2026-11-21T10:00:00.000Z"],
    [{ ...base, count: 1000, hourlyLimits: [200, 100] }, "2026-11-21T18:00:00.000Z"],
    [{ ...base, count: 60, hourlyLimits: [20], windowSeconds: 10 }, "2026-11-21T09:00:20.000Z"],
    [{ ...base, count: 100, hourlyLimits: [1000], delaySeconds: 60 }, "2026-11-21T10:39:00.000Z"],
  ])("%o", (pace, last) => expect(earliestLast(pace)?.toISOString()).toBe(last));

  it("is nothing for nothing", () => expect(earliestLast({ ...base, count: 0 })).toBeNull());
});
