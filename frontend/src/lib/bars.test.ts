import { describe, expect, it } from "vitest";
import { barsOf, roundUp } from "./bars";

const at = (hour: number) => new Date(Date.UTC(2026, 0, 1, hour)).toISOString();

describe("barsOf", () => {
  it("has none for nothing", () => {
    expect(barsOf([], 3600, 10)).toEqual([]);
  });

  it("shows the empty hours in between", () => {
    const bars = barsOf(
      [
        { start: at(9), count: 5 },
        { start: at(12), count: 2 },
      ],
      3600,
      10,
    );
    expect(bars.map(({ count }) => count)).toEqual([5, 0, 0, 2]);
    expect(bars[3]?.end).toBe(Date.parse(at(13)));
  });

  it("puts hours together where there are too many, and loses none", () => {
    const buckets = Array.from({ length: 20 }, (_, i) => ({ start: at(i), count: i }));
    const bars = barsOf(buckets, 3600, 7);
    expect(bars).toHaveLength(7);
    expect(bars.reduce((sum, { count }) => sum + count, 0)).toBe(190);
    expect((bars[0]?.end ?? 0) - (bars[0]?.start ?? 0)).toBe(3 * 3_600_000);
  });
});

describe("roundUp", () => {
  it("goes to 1, 2 or 5 times a power of ten", () => {
    expect([0, 1, 3, 7, 10, 11, 200, 201].map(roundUp)).toEqual([1, 1, 5, 10, 10, 20, 200, 500]);
  });
});
