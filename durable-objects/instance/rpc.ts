import type { PeerAddress, TestFrame } from "@evenkeel/contracts/agent-protocol";
import { AccessCommand, ArmCommand, BatchCommand, SwitchCommand } from "@evenkeel/contracts/command";
import type { Because } from "@evenkeel/contracts/event";
import type { Observation } from "@evenkeel/contracts/observation";
import { Principal } from "@evenkeel/contracts/principal";
import { z } from "zod";

/** A command as the Worker passes it on. */
export const CommandCall = z.object({
  monitorId: z.string().min(1).max(64),
  order: z.discriminatedUnion("type", [
    z.object({ type: z.literal("switch"), command: SwitchCommand }),
    z.object({ type: z.literal("access"), command: AccessCommand }),
    z.object({ type: z.literal("arm"), command: ArmCommand }),
  ]),
  caller: Principal,
  source: z.string().max(200),
  /** How long to wait for the switch to finish, in milliseconds. */
  waitMs: z.number().int().min(0).max(60_000),
});
/** A command as the Worker passes it on. */
export type CommandCall = z.infer<typeof CommandCall>;

/** A batch as the Worker passes it on. */
export const BatchCall = z.object({
  order: BatchCommand,
  caller: Principal,
  source: z.string().max(200),
  /** How long to wait for the switches to finish, in milliseconds. */
  waitMs: z.number().int().min(0).max(60_000),
});
/** A batch as the Worker passes it on. */
export type BatchCall = z.infer<typeof BatchCall>;

/** Who gave an order and how it is audited, whatever it orders. */
export interface GivenOrder {
  readonly action: string;
  /** Id of the monitor or of the instance that it is about. */
  readonly resource: string;
  /** The order as JSON. */
  readonly after: string;
  readonly source: string;
  readonly caller: Principal;
  readonly waitMs: number;
}

/** What became of a plan: held back, because it removes too much unasked or a running switch pins the present one. */
export type PlanOutcome =
  | { readonly status: "applied" | "unchanged" }
  | { readonly status: "held"; readonly because: Because };

/** Agents of one site that applications are told of. */
export const TELLERS_MAX = 16;

/** An agent that tells applications their routes while their store cannot. */
export interface RouteTeller {
  readonly address: PeerAddress;
  /** What it is known by, as applications are given it (contracts/told-routes.ts). */
  readonly key: string;
}

/** A connection test as the Worker passes it on: any connected agent of the site may do it. */
export interface TestCall {
  readonly site: string;
  readonly frame: Omit<TestFrame, "type" | "nonce">;
}

/** What came of a connection test. */
export type TestOutcome =
  | { readonly ok: true; readonly agentId: string; readonly observation: Observation }
  | { readonly ok: false; readonly reason: "no-agent" | "no-answer" };
