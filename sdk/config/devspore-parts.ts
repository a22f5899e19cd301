import type { SdkConfigInput } from "@evenkeel/contracts/sdk-config";
import type { z } from "zod";
import type { Databases, Etcd, Text } from "./devspore-layout.ts";
import type { Variables } from "./interpolate.ts";

/** Where the instance's id comes from: the layouts of MAS and devspore do not know one. */
const INSTANCE_VARIABLE = "EVENKEEL_INSTANCE_ID";
/** Servers by data centre. */
export type Sources = NonNullable<SdkConfigInput["sources"]>;
/** What cannot be taken over, each by its path. */
export type Problems = string[];

/** Their names of the algorithms that are served, and ours. */
const ALGORITHMS: Readonly<Record<string, SdkConfigInput["router"]["algorithm"]>> = {
  "single-read-write": "single-read-write",
  "local-read-single-write": "single-write-local-read",
  "single-write-local-read": "single-write-local-read",
  "local-read-async-double-write": "local-read-async-double-write",
  "single-read-async-double-write": "single-read-async-double-write",
};
/**
 * Converts what both layouts have in common.
 *
 * @param found the document
 * @param sources the servers, converted
 * @param variables where the instance's id stands if the document has none
 * @param problems gets what cannot be taken over
 */
export function convertCommon(
  found: Pick<Databases, "props" | "etcd">,
  sources: Sources,
  variables: Variables,
  problems: Problems,
): Pick<SdkConfigInput, "props" | "etcd" | "sources"> {
  const props = found.props ?? {};
  const isLocal = found.etcd === null || found.etcd === undefined;
  const instanceId = text(props.instanceId) ?? variables[INSTANCE_VARIABLE] ?? (isLocal ? "local" : null);
  if (instanceId === null)
    problems.push(`props.instanceId: is missing; add what the console shows, or set ${INSTANCE_VARIABLE}`);
  for (const name of Object.keys(sources)) {
    if (!/^dc[1-9][0-9]?$/.test(name))
      problems.push(`${name}: a data centre is called dc1, dc2, … as the console shows it; rename it`);
  }
  const { zones, ...place } = readPlace(props);
  const known = {
    databaseName: text(props.databaseName),
    zone: zones?.[0] ?? null,
    decipherClassName: text(props.decipherClassName),
  };
  return {
    props: {
      version: "v1",
      instanceId: instanceId ?? "",
      appId: text(props.appId) ?? (isLocal ? "local" : ""),
      monitorId: text(props.monitorId) ?? (isLocal ? "local" : ""),
      ...place,
      ...dropNull(known),
    },
    ...(isLocal ? {} : { etcd: convertEtcd(found.etcd ?? {}) }),
    sources,
  };
}

function convertEtcd(etcd: z.infer<typeof Etcd>): NonNullable<SdkConfigInput["etcd"]> {
  const { address, username, password, certificatePath, httpsEnable } = etcd;
  return {
    address: text(address) ?? "",
    apiVersion: "v3",
    httpsEnable: httpsEnable ?? false,
    ...dropNull({
      username: text(username),
      password: text(password),
      certificatePath: text(certificatePath),
    }),
  };
}

/**
 * Reads the algorithm.
 *
 * @param found where it stands
 * @param prefix path of that place, for the problems
 * @param problems gets what cannot be taken over
 */
export function readAlgorithm(
  found: { routeAlgorithm?: z.infer<typeof Text> },
  prefix: string,
  problems: Problems,
): SdkConfigInput["router"]["algorithm"] {
  const name = text(found.routeAlgorithm) ?? "single-read-write";
  const algorithm = ALGORITHMS[name];
  if (algorithm === undefined)
    problems.push(
      `${prefix}routeAlgorithm: ${name} is not served; ${Object.keys(ALGORITHMS).join(", ")} are`,
    );
  return algorithm ?? "single-read-write";
}

interface Place {
  readonly cloud?: z.infer<typeof Text>;
  readonly region?: z.infer<typeof Text>;
  readonly azs?: z.infer<typeof Text>;
}

/**
 * Reads where something stands.
 *
 * @param place the fields of a document
 * @returns the same; `azs` may be a list with commas
 */
export function readPlace({ cloud, region, azs }: Place): {
  cloud?: string;
  region?: string;
  zones?: string[];
} {
  const zones = (text(azs) ?? "").split(",").flatMap((zone) => (zone.trim() === "" ? [] : [zone.trim()]));
  return {
    ...dropNull({ cloud: text(cloud), region: text(region) }),
    ...(zones.length === 0 ? {} : { zones }),
  };
}

/**
 * Reads a text.
 *
 * @param value a field
 * @returns null for one without a value
 */
export function text(value: z.infer<typeof Text>): string | null {
  return value === null || value === undefined || value === "" ? null : String(value);
}

/** A field without a value is no field. */
function dropNull<Fields extends Record<string, string | null>>(
  fields: Fields,
): { [Key in keyof Fields]?: string } {
  const kept = Object.entries(fields).filter(([, value]) => value !== null);
  return Object.fromEntries(kept) as { [Key in keyof Fields]?: string };
}
