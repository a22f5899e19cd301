import type { z } from "zod";
import type { ShownCertificate } from "./certificate.ts";
import type { EdgeRequest } from "./edge-sight.ts";
import type { HeartbeatPlugin } from "./heartbeat-plugin.ts";
import type { KindSdk, SourceAddress } from "./kind-sdk.ts";
import type { Judgement, ProbeReason, TargetFacts, Verdict } from "./observation.ts";
import type { Timing } from "./plan.ts";

/** A text in both languages of the console. */
export interface Bilingual {
  readonly en: string;
  readonly "zh-CN": string;
}

/**
 * What a session is opened for. `watch`: to be kept and probed again and again. `login`: to prove once that the server
 * that applications use lets us in. `test`: to find out once, for a person who waits, all that there is to say.
 */
export type ProbePurpose = "watch" | "login" | "test";

/** What a plugin may use of its surroundings; only agents have them. */
export interface ProbeContext {
  /** Absent: `watch`. */
  readonly purpose?: ProbePurpose;
  /**
   * Loads a driver or a Node module by name. Plugins never import one, so that none reaches the Worker bundle.
   * @param specifier package or `node:` module
   */
  load<Module>(specifier: string): Promise<Module>;
  /** To be called when the peer closes the kept connection: the agent probes again at once. */
  onClosed(): void;
  /** To be called with what a server shows of itself, whether it is trusted or not; absent: nobody asks. */
  onCertificate?(shown: ShownCertificate): void;
  /** Time that one access (connect and query) may take, in milliseconds: for drivers that want a limit of their own. */
  readonly accessTimeoutMs: number;
}

/** One kept connection to one target, or none yet. */
export interface ProbeSession {
  /**
   * Connects and logs in where needed, and asks once. Rejects with the driver's own error.
   * The agent bounds it: after the access timeout it calls `destroy` and drops the session.
   */
  probe(): Promise<unknown>;
  /**
   * Finds out what a person who tests the connection wants to know beyond the judgement. Called at most once, after a
   * probe that was answered, and bounded by the agent like a probe. Absent: the kind tells no more.
   */
  inspect?(): Promise<TargetFacts>;
  /** Closes the socket at once, whatever is in flight; may be called twice; never throws, never waits. */
  destroy(): void;
}

/** What came of one probe. */
export type ProbeOutcome =
  | { readonly type: "answered"; readonly sample: unknown; readonly latencyMs: number }
  | { readonly type: "failed"; readonly error: ProbeError; readonly afterMs: number }
  | { readonly type: "timed-out"; readonly afterMs: number };

/** An error reduced to what may be judged and shown. */
export interface ProbeError {
  /** Engine's or system's code: `ECONNREFUSED`, `28P01`, `1045`, … */
  readonly code: string | undefined;
  readonly message: string;
}

/** What an error code of an engine means: one row of its table. */
export interface CodeMeaning {
  readonly verdict: Verdict;
  readonly reason: ProbeReason;
  /** What to check or paste next; `{user}`, `{database}` and `{address}` stand for the monitor's own. */
  readonly advice?: string;
}

/**
 * A kind of monitor: one file in plugins/monitors, one line in its barrel.
 * The console's form, the API's validation, the docs page and the conformance tests are derived from it.
 */
export interface MonitorPlugin {
  /** Equals the file name, the export name, the registry key and the value on the wire. */
  readonly kind: string;
  readonly title: Bilingual;
  readonly defaultPort: number;
  /** False: monitors of this kind detect and report, and never switch. */
  readonly switchable: boolean;
  /** Whether read/write flags and an SDK configuration make sense. */
  readonly hasRoute: boolean;
  /** Absent: kinds without an SDK configuration. */
  readonly sdk?: KindSdk;
  /** The packages that its sessions load: agents do so before the first probe, whose time is for the target. */
  readonly drivers?: readonly string[];
  /** What SDKs of MAS call monitors of this kind in the keys that they follow; absent: they know none. */
  readonly masService?: "db" | "dcs";
  /** Timing of a new instance for this kind. */
  readonly defaults: Timing;
  /** Settings that hold in every data centre (user, database): public. */
  readonly common: z.ZodObject;
  /** Settings of one data centre (address): public. */
  readonly target: z.ZodObject;
  /**
   * Public settings that say nothing of the server that applications use (its replicas, limits, a second account): when
   * only they change, the target stays the same version, and what is known of it stays known [SAFE-9].
   */
  readonly beside?: readonly string[];
  /** What is sealed: passwords, secret headers. All optional fields, so that `{}` means none. */
  readonly secret: z.ZodObject;
  /** Statements that make the monitor's account with the least rights, for docs and console; absent: it needs none. */
  readonly account?: string;
  /** What this kind was tried against and what was not, for docs. */
  readonly proof?: string;
  /** The engine's own error codes, for docs and console; those of the network are the same for every kind. */
  readonly codes?: Readonly<Partial<Record<string, CodeMeaning>>>;
  /** A valid example of the three, for docs and tests. */
  readonly example: { common: object; target: object; secret: object };
  /** Opens a session; connects at the first probe. @param settings common, target and secret merged */
  open(settings: Record<string, unknown>, context: ProbeContext): ProbeSession;
  /**
   * Where an application's SDK connects to in one data centre; pure.
   * @param settings common and target merged, without secrets
   * @returns host, port and database; null for kinds without an SDK configuration
   */
  source(settings: Record<string, unknown>): SourceAddress | null;
  /**
   * How the control plane itself asks a target once a minute; pure; absent: it never does.
   * @param settings common and target merged, without secrets
   * @returns null: people did not declare this target public
   */
  edgeRequest?(settings: Record<string, unknown>): EdgeRequest | null;
  /** Absent: this kind knows no heartbeats. */
  readonly heartbeat?: HeartbeatPlugin;
  /** Judges an outcome; pure. @param settings as for `open`, without secrets */
  judge(outcome: ProbeOutcome, settings: Record<string, unknown>): Judgement;
}
