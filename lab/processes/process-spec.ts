/** What a process is for. Processes end role by role, in the order of {@link END_ORDER}. */
export type ProcessRole = "application" | "agent" | "control-plane" | "gate" | "database" | "etcd";

/** Those who use something end before what they use. */
export const END_ORDER: readonly ProcessRole[] = [
  "application",
  "agent",
  "control-plane",
  "gate",
  "database",
  "etcd",
];

/** How to run one process. */
export interface ProcessSpec {
  /** Unique among the processes of a lab ("postgresql-dc1"); names its log file as well. */
  readonly name: string;
  readonly role: ProcessRole;
  /** The site whose loss takes this process along ("dc1", "witness"); absent for what belongs to none. */
  readonly site?: string;
  readonly command: string;
  /** Visible to every user of the machine in `ps`: never a secret. */
  readonly args: readonly string[];
  /** Added to the lab's own environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** User and group to run as (numeric, only as root). */
  readonly uid?: number;
  readonly gid?: number;
  /** Ports that it will listen on, with what to call them; checked before every start. */
  readonly ports: readonly { readonly port: number; readonly wantedBy: string }[];
  /** Asks whether it is ready to serve. Called again until it answers true; what it throws counts as "not yet". */
  readonly isReady?: () => Promise<boolean>;
  /** How long it may take to become ready (default 30000 ms). */
  readonly readyWithinMs?: number;
  /** Receives every line of its standard output, which then goes to the log as well. */
  readonly onLine?: (line: string) => void;
  /** Asks it to end in good order (default SIGTERM); SIGKILL for what needs no order. */
  readonly endSignal?: "SIGTERM" | "SIGINT" | "SIGQUIT" | "SIGKILL";
  /** How long it may take to end in good order before it is killed (default 8000 ms). */
  readonly endGraceMs?: number;
}

/** Why a process did not start. */
export type StartFailureReason = "port-taken" | "not-found" | "exited" | "not-ready";

/** What became of a start. */
export type StartResult =
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: StartFailureReason; readonly message: string };

/** What a process is doing. `starting`: it runs but has not said that it is ready. */
export type ProcessState =
  | { readonly kind: "starting"; readonly pid: number }
  | { readonly kind: "running"; readonly pid: number }
  | { readonly kind: "stopped"; readonly pid: number }
  | { readonly kind: "exited"; readonly reason: string; readonly byUs: boolean };

/** Something happened to a process. */
export interface ProcessEvent {
  readonly name: string;
  readonly site: string | undefined;
  readonly state: ProcessState;
}

/** One process of the lab, across its lives. */
export interface ManagedProcess {
  readonly spec: ProcessSpec;
  readonly logFile: string;
  state(): ProcessState;
  /**
   * Sends a signal to it and everything it started; SIGKILL (the default) also ends what is stopped.
   * @returns once it has ended, for signals that end a process at once (SIGKILL); else at once
   */
  kill(signal?: "SIGKILL" | "SIGTERM" | "SIGINT" | "SIGQUIT"): Promise<void>;
  /** Freezes it and everything it started (SIGSTOP): connections stay open, nothing answers. */
  stop(): void;
  /** Lets it go on (SIGCONT). */
  cont(): void;
  /** Brings it back whatever it is doing: lets a stopped one go on, starts an ended one with the same spec. */
  revive(): Promise<StartResult>;
  /** Ends it in good order: its end signal, and SIGKILL when that takes longer than its grace time. */
  end(): Promise<void>;
}
