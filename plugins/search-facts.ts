import type { TargetFacts } from "@evenkeel/contracts/observation";
import { z } from "zod";

/** `GET /`, as far as it is shown. */
const Root = z.object({
  version: z.object({ number: z.string(), distribution: z.string().optional() }),
});
/** `GET /_cluster/health`, as far as it is shown. */
const Health = z.object({
  cluster_name: z.string(),
  status: z.string(),
  number_of_nodes: z.number(),
});

/**
 * Tells what a search cluster is. A right that is missing fails the probe before, which names it; without the one to see
 * blocks read-only indices stay unseen.
 *
 * @param answers what its node answered, and whether it hides its blocks
 */
export function describeSearchCluster(answers: {
  readonly root: unknown;
  readonly health: unknown;
  readonly hidesBlocks: boolean;
}): TargetFacts {
  const root = Root.safeParse(answers.root).data?.version;
  const health = Health.safeParse(answers.health).data;
  const name = root?.distribution === "opensearch" ? "OpenSearch" : "Elasticsearch";
  return {
    version: root === undefined ? null : `${name} ${root.number}`,
    role:
      health === undefined
        ? null
        : `${health.status}, ${health.number_of_nodes} nodes of ${health.cluster_name}`.slice(0, ROLE_MAX),
    lagMs: null,
    missing: answers.hidesBlocks
      ? [
          {
            right: "monitor",
            statement: 'PUT /_security/role/evenkeel_probe { "cluster": ["monitor"] }',
          },
        ]
      : [],
  };
}

/** Longest role that is told. */
const ROLE_MAX = 200;
