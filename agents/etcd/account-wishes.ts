import { processPrefix } from "@evenkeel/contracts/process";
import { applicationPrefix, beatPrefix, KEY_ROOT } from "@evenkeel/contracts/route";
import { MIRROR_ROOT } from "../stores/mas-mirror.ts";

/** A right of a role: a prefix, and whether it may be written too. */
export interface Right {
  readonly prefix: string;
  readonly type: "READ" | "READWRITE";
}

/** A user with the one role that has its name. */
export interface Account {
  readonly name: string;
  readonly rights: readonly Right[];
}

/** For whom accounts are made. */
export interface AccountScope {
  readonly instance: string;
  readonly applications: readonly string[];
  /** True: routes are mirrored for devspore and devcloud SDKs. */
  readonly masMirror: boolean;
}

/** The user that administers; etcd asks for this name. */
export const ROOT = "root";

/** @returns the user of an instance's agents */
export const agentUser = (instance: string): string => `evenkeel-agent-${instance}`;
/** @returns the user of an application's SDK */
export const sdkUser = (application: string): string => `evenkeel-sdk-${application}`;

/**
 * The accounts of an instance: agents write its keys, and each application reads its own routes and the beats,
 * and registers its processes.
 *
 * @param scope instance, applications and mirror
 */
export function listAccounts({ instance, applications, masMirror }: AccountScope): Account[] {
  const ifMirrored = (...rights: Right[]) => (masMirror ? rights : []);
  return [
    {
      name: agentUser(instance),
      rights: [
        { prefix: `${KEY_ROOT}/${instance}/`, type: "READWRITE" },
        ...ifMirrored({ prefix: MIRROR_ROOT, type: "READWRITE" }),
      ],
    },
    ...applications.map(
      (application): Account => ({
        name: sdkUser(application),
        rights: [
          { prefix: applicationPrefix(instance, application), type: "READ" },
          { prefix: processPrefix(instance, application), type: "READWRITE" },
          { prefix: beatPrefix(instance), type: "READ" },
          ...ifMirrored(
            ...["status", "conf"].flatMap((part) =>
              ["db", "dcs"].map((service): Right => {
                return { prefix: `${MIRROR_ROOT}${part}/${service}/services/${application}/`, type: "READ" };
              }),
            ),
          ),
        ],
      }),
    ),
  ];
}
