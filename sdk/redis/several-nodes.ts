import { SeveralNodesError } from "../errors.ts";

/** Commands about all data, or all nodes, of which one node of a cluster would do its part and say nothing of the rest. */
const WHOLE_DATA: ReadonlySet<string> = new Set(
  "dbsize flushall flushdb function keys move randomkey scan script swapdb wait waitaof".split(" "),
);

/** How ioredis says that the keys of a pipeline do not belong to one node; nothing of it was sent. */
const APART = /^All (the )?keys in (a|the) pipeline/;

/**
 * Refuses what a cluster's nodes would have to do together.
 *
 * @param command in lower case
 * @returns null for any other command
 */
export function refuseWholeData(command: string): SeveralNodesError | null {
  if (!WHOLE_DATA.has(command)) return null;
  return new SeveralNodesError(
    `${command} concerns all nodes of the cluster, and would be done by one of them: ask each with a connection of its own`,
  );
}

/**
 * Says of a chain what ioredis says in words only.
 *
 * @param error what a pipeline or transaction of a cluster was rejected with
 * @returns a typed error, if its keys belong to several nodes; else the same
 */
export function nameSeveralNodes(error: unknown): unknown {
  if (!(error instanceof Error) || !APART.test(error.message)) return error;
  const advice = "give keys that belong together a hash tag, such as {order:1}:lines";
  return new SeveralNodesError(
    `the keys of the chain belong to several nodes, and nothing was sent: ${advice}`,
    {
      cause: error,
    },
  );
}
