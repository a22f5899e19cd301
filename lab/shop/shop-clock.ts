import { performance } from "node:perf_hooks";

/** Wall clock in ms since 1970 with fractions: comparable between processes of one machine. */
export function wallMs(): number {
  return performance.timeOrigin + performance.now();
}
