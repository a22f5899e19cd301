import fc from "fast-check";

const KEY = fc.constantFrom("order:a", "order:b", "order:c", "order:d");
const VALUE = fc.constantFrom("x", "y", "z", "1", "2");
const NUMBER = fc.integer({ min: -5, max: 5 }).map(String);
const COUNT = fc.integer({ min: 1, max: 3 }).map(String);
/** So long that nothing expires while the test runs, whatever the machine does meanwhile. */
const SECONDS = fc.integer({ min: 100_000, max: 200_000 }).map(String);
const END = fc.constantFrom("LEFT", "RIGHT");

/** Forms of commands: letters stand for what is chosen. */
const PARTS: Readonly<Record<string, fc.Arbitrary<string>>> = {
  K: KEY,
  V: VALUE,
  N: NUMBER,
  C: COUNT,
  S: SECONDS,
  E: END,
};
const FORMS = `
  set K V | set K V EX S | set K V NX | set K V XX GET | set K V KEEPTTL | setnx K V | setex K S V | getset K V | getdel K
  getex K EX S | getex K PERSIST | append K V | setrange K C V | setbit K C 1 | incr K | decrby K N | incrbyfloat K 0.5
  mset K V K V | msetnx K V K V | expire K S | expire K S NX | pexpireat K 1 | persist K | del K K | unlink K | rename K K
  renamenx K K | copy K K | copy K K REPLACE | bitop OR K K K
  hset K V V V N | hsetnx K V V | hdel K V | hincrby K V N | hincrbyfloat K V 0.25
  sadd K V V | srem K V | spop K | spop K C | smove K K V | sunionstore K K K | sdiffstore K K K
  zadd K N V | zadd K GT N V | zadd K INCR N V | zincrby K N V | zrem K V | zpopmin K | zpopmax K C | zmpop 2 K K MIN COUNT C
  zunionstore K 2 K K | zremrangebyrank K 0 0 | zrangestore K K 0 1
  lpush K V V | rpush K V | lpushx K V | linsert K BEFORE V V | lpop K | rpop K C | lset K 0 V | lrem K 1 V | ltrim K 0 C
  lmove K K E E | rpoplpush K K | lmpop 2 K K E COUNT C | pfadd K V | pfmerge K K
  get K | sort K ALPHA | type K`;

/** A command that may change a few keys that others change too, whatever their types are then. */
export const COMMAND: fc.Arbitrary<readonly string[]> = fc.oneof(
  ...FORMS.split(/\||\n/)
    .map((form) => form.trim())
    .filter((form) => form !== "")
    .map((form) => fc.tuple(...form.split(" ").map((word) => PARTS[word] ?? fc.constant(word)))),
);

/** One call of an application. */
export interface ArbitraryCall {
  readonly kind: "single" | "multi" | "pipeline";
  readonly commands: readonly (readonly string[])[];
}

/** Commands as an application calls them: one by one, or several at once. */
export const CALLS: fc.Arbitrary<readonly ArbitraryCall[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: COMMAND.map((command) => ({ kind: "single" as const, commands: [command] })) },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constantFrom("multi" as const, "pipeline" as const),
        commands: fc.array(COMMAND, { minLength: 1, maxLength: 5 }),
      }),
    },
  ),
  { minLength: 1, maxLength: 60, size: "max" },
);
