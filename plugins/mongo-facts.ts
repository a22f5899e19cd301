import type { TargetFacts } from "@evenkeel/contracts/observation";
import { z } from "zod";
import { MongoHello, nameMongoRole } from "./judge-mongo-answer.ts";
import { type MongoExchange, requireOk } from "./mongo-exchange.ts";

const BUILD_INFO = { buildInfo: 1, $db: "admin" };
/** FerretDB speaks the protocol of the version that it tells, and says its own beside it. */
const BuildInfo = z.object({
  version: z.string(),
  ferretdbVersion: z.string().optional(),
});

/**
 * Finds out what a server of MongoDB is. A right that is missing fails the probe before, which names it.
 *
 * @param exchange asks it
 */
export async function inspectMongo(exchange: MongoExchange): Promise<TargetFacts> {
  const [hello, info] = await exchange([{ hello: 1, $db: "admin" }, BUILD_INFO]);
  const { version, ferretdbVersion } = BuildInfo.parse(requireOk(info));
  const ferret = ferretdbVersion === undefined ? "" : ` (FerretDB ${ferretdbVersion})`;
  return {
    version: `MongoDB ${version}${ferret}`,
    role: nameMongoRole(MongoHello.parse(requireOk(hello))),
    lagMs: null,
    missing: [],
  };
}
