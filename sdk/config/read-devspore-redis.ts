import type { RedisServer } from "./devspore-layout.ts";
import { type Problems, type Sources, text } from "./devspore-parts.ts";
import { type DescribedServer, readAddresses, readServer } from "./read-server.ts";

/** Their types of one server; of a master with replicas their SDK uses the one address that stands there, too. */
const ONE_SERVER: ReadonlySet<string> = new Set(["normal", "master-slave"]);

/**
 * Reads one data centre of the layout for Redis.
 *
 * @param server the data centre
 * @param account user and password of the servers
 * @param path where it stands, for the problems
 * @param problems gets what cannot be taken over
 * @returns the source, as far as it could be read
 */
export function readRedis(
  server: RedisServer,
  account: Pick<DescribedServer, "username" | "password">,
  path: string,
  problems: Problems,
): Partial<Sources[string]> {
  const { hosts } = server;
  const type = text(server.type) ?? "normal";
  if (ONE_SERVER.has(type)) return { ...readServer({ server: hosts, ...account }, path, problems) };
  if (type !== "cluster" && type !== "sentinel") {
    problems.push(
      `${path}.type: is to be normal, master-slave, cluster or sentinel, and ${type} stands there`,
    );
    return {};
  }
  const addresses = readAddresses(hosts, `${path}.hosts`, problems);
  const login = { username: text(account.username), password: text(account.password) };
  const sentinel = {
    masterName: text(server.masterName),
    sentinelUsername: text(server.sentinelUsername),
    sentinelPassword: text(server.sentinelPassword),
  };
  if (type === "sentinel" && sentinel.masterName === null)
    problems.push(`${path}.masterName: is missing; add the name under which the sentinels know the master`);
  const given = Object.entries({ ...login, ...sentinel }).filter(([, value]) => value !== null);
  return { mode: type, addresses, ...Object.fromEntries(given) };
}
