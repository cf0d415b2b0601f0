// What the peers have in common: their packages, and the loop that keeps workflows in flight.

import { createRequire } from "node:module";

/// A package that the benchmark installed.
export const require = createRequire(`${process.env.EVC_BENCH_TOOLS}/`);

/// Runs `count` workflows, `inFlight` at a time, and says how many a second ended and how long each took.
export async function measure(count, inFlight, run) {
  const times = [];
  let started = 0;
  const begin = performance.now();
  const loop = async () => {
    while (started < count) {
      const id = started++;
      const at = performance.now();
      await run(id);
      times.push(performance.now() - at);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, loop));
  const seconds = (performance.now() - begin) / 1000;
  times.sort((one, other) => one - other);
  const quantile = (part) => times[Math.min(times.length - 1, Math.floor(times.length * part))];
  return { workflows: count / seconds, p50: quantile(0.5), p99: quantile(0.99) };
}
