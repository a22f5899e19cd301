import { z } from "zod";

/** Longest that one call may take. */
const CALL_WITHIN_MS = 5000;
/** A member that lives tells its status at once. */
const STATUS_WITHIN_MS = 1000;

/** An answer of etcd that is not a success. */
export interface EtcdRefusal {
  readonly status: number;
  /** etcd's own words ("etcdserver: user name already exists"). */
  readonly message: string;
}

/** What became of one call. */
export type EtcdAnswer<Body> =
  | { readonly ok: true; readonly body: Body }
  | ({ readonly ok: false } & EtcdRefusal);

const refusalSchema = z.object({ error: z.string().optional(), message: z.string().optional() });

/**
 * One call of etcd's JSON gateway (https://etcd.io/docs/v3.4/dev-guide/api_grpc_gateway/).
 * @param endpoint "http://127.0.0.1:2379"
 * @param path below `/v3/`
 * @param schema of the answer's body
 * @param options `token` from `auth/authenticate`, where one is needed; `withinMs` the time limit
 * @returns the body, or what etcd said instead
 * @throws when the member does not answer, or answers with something else
 */
export async function callEtcd<Body>(
  endpoint: string,
  path: string,
  request: unknown,
  schema: z.ZodType<Body>,
  options: { readonly token?: string; readonly withinMs?: number } = {},
): Promise<EtcdAnswer<Body>> {
  const { token, withinMs = CALL_WITHIN_MS } = options;
  const response = await fetch(`${endpoint}/v3/${path}`, {
    method: "POST",
    body: JSON.stringify(request),
    headers: token === undefined ? {} : { authorization: token },
    signal: AbortSignal.timeout(withinMs),
  });
  const body: unknown = await response.json();
  if (response.ok) return { ok: true, body: schema.parse(body) };
  const { error, message } = refusalSchema.parse(body);
  return { ok: false, status: response.status, message: message ?? error ?? "no reason given" };
}

const statusSchema = z.object({
  header: z.object({ member_id: z.string() }),
  // Absent while there is no leader: the gateway leaves zeroes out.
  leader: z.string().optional(),
});

/** Which member an endpoint is, and which one it takes for the leader. */
export interface MemberStatus {
  readonly memberId: string;
  readonly leaderId: string | undefined;
}

/**
 * Asks a member for its status.
 * @returns undefined when it does not answer
 */
export async function askStatus(endpoint: string): Promise<MemberStatus | undefined> {
  try {
    const answer = await callEtcd(endpoint, "maintenance/status", {}, statusSchema, {
      withinMs: STATUS_WITHIN_MS,
    });
    if (!answer.ok) return undefined;
    const { header, leader } = answer.body;
    return { memberId: header.member_id, leaderId: leader === "0" ? undefined : leader };
  } catch (error) {
    // A member that is down or hangs is an expected answer here; anything else is a defect.
    if (error instanceof TypeError || (error instanceof DOMException && error.name === "TimeoutError"))
      return undefined;
    throw error;
  }
}
