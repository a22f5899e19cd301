/** Under what errors of ORMs keep the one below: drizzle as `cause`, typeorm as `driverError`, prisma within `meta`. */
const WRAPPING = ["cause", "driverError", "driverAdapterError"] as const;
/** Nobody wraps so often; a chain that bites its own tail ends here too. */
const MAX_WRAPPED = 8;

/**
 * Unwraps what a call was rejected with: ORMs wrap what their driver says.
 * @param error what was caught
 * @returns the error itself, then those below it, the nearest first
 */
export function unwrapError(error: unknown): Error[] {
  const found: Error[] = [];
  let layer: unknown[] = [error];
  for (let depth = 0; depth < MAX_WRAPPED; depth += 1) {
    const errors = layer.filter((each) => each instanceof Error && !found.includes(each)) as Error[];
    found.push(...errors);
    layer = errors.flatMap(listWrapped);
  }
  return found;
}

function listWrapped(error: Error): unknown[] {
  const meta: unknown = Reflect.get(error, "meta");
  const holders = typeof meta === "object" && meta !== null ? [error, meta] : [error];
  return holders.flatMap((holder) => WRAPPING.map((name): unknown => Reflect.get(holder, name)));
}
