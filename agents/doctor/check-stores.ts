import { randomUUID } from "node:crypto";
import type { Plan, PlannedStore } from "@evenkeel/contracts/plan";
import type { StoreFailure, StoreFailureReason } from "@evenkeel/contracts/route-store";
import { readClientCertificate } from "../probing/meet-certificates.ts";
import { openPlannedStore } from "../stores/open-planned-store.ts";
import { StoreSecret } from "../stores/store-secret.ts";
import type { Unseal } from "../unseal.ts";
import { bad, doubtful, type Finding, good } from "./finding.ts";
import { inspectEndpoint } from "./inspect-endpoint.ts";
import { judgeCertificates } from "./judge-certificate.ts";

/** No key is at this revision, so that a swap that expects it writes nothing and still needs the right to write. */
const NEVER_REVISION = 2 ** 52;

const FIXES: Readonly<Record<StoreFailureReason, string>> = {
  unavailable: "start the member, or look whether its cluster has a leader",
  "auth-failed": "enter the user and password that the cluster has in the console (route store)",
  "permission-denied": "grant the user's role readwrite on the instance's prefix",
  "tls-failed": "enter the cluster's authority, and a client certificate if it asks for one",
  rejected: "look at the member's log",
  closed: "run the doctor again",
};

/**
 * Checks every endpoint of every route store that this agent writes to: the way there, the certificate, the login, and
 * the rights to read and write the instance's keys. Nothing is written.
 *
 * @param plan the plan
 * @param site the agent's own site
 * @param unseal opens the stores' credentials
 */
export async function checkStores(plan: Plan, site: string, unseal: Unseal): Promise<Finding[]> {
  const own = plan.stores.filter((store) => store.sites.length === 0 || store.sites.includes(site));
  if (own.length === 0) {
    return [
      doubtful(
        "route stores",
        "this site's agents have none to write to",
        "set the route store in the console",
      ),
    ];
  }
  const checked = await Promise.all(own.map((store) => checkStore(plan.instanceId, store, unseal)));
  return checked.flat();
}

async function checkStore(instanceId: string, store: PlannedStore, unseal: Unseal): Promise<Finding[]> {
  const unsealed = await unseal(store.sealed);
  if (!unsealed.ok)
    return [bad(`store ${store.id}`, unsealed.words, "enter its password again in the console")];
  const secret = StoreSecret.safeParse(unsealed.secret).data ?? {};
  const endpoints = await Promise.all(
    store.endpoints.map(
      async (endpoint) => await checkEndpoint(instanceId, { ...store, endpoints: [endpoint] }, secret),
    ),
  );
  return [...endpoints, ...checkOwnCertificate(store, Date.now())];
}

/**
 * Checks when the certificate ends that agents show a store.
 *
 * @param store the store
 * @param nowMs this machine's clock in ms since 1970
 * @returns nothing, where it has none or holds for long
 */
export function checkOwnCertificate({ id, clientCertPem }: PlannedStore, nowMs: number): Finding[] {
  const own =
    clientCertPem === undefined || clientCertPem === null ? null : readClientCertificate(clientCertPem);
  return own === null ? [] : judgeCertificates(`store ${id}`, [{ of: "client", ...own }], nowMs);
}

async function checkEndpoint(instanceId: string, store: PlannedStore, secret: StoreSecret): Promise<Finding> {
  const url = new URL(store.endpoints[0] ?? "");
  const subject = `store ${store.id} at ${url.host}`;
  const tls = url.protocol === "https:";
  const way = await inspectEndpoint(subject, {
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: Number(url.port || (tls ? 443 : 80)),
    tls,
    ca: store.caPem ?? undefined,
  });
  if (way?.state === "bad") return way;
  const opened = openPlannedStore(store, secret);
  try {
    const prefix = `/evenkeel/v1/${instanceId}/`;
    const begunAtMs = performance.now();
    const read = await opened.range(prefix, { prefix: true });
    const tookMs = Math.round(performance.now() - begunAtMs);
    if (!read.ok) return tell(subject, read);
    const key = `${prefix}doctor/${randomUUID()}`;
    const written = await opened.swap({ key, value: "" }, NEVER_REVISION);
    if (!written.ok) return tell(subject, written);
    // A certificate that ends soon is told before what is well.
    if (way?.state === "doubtful") return way;
    return good(subject, `reads ${read.value.entries.length} keys in ${tookMs} ms and may write`);
  } finally {
    opened.close();
  }
}

function tell(subject: string, { reason, message }: StoreFailure): Finding {
  return bad(subject, message, FIXES[reason]);
}
