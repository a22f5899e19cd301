import { WaitQuery } from "@evenkeel/contracts/api-queries";
import { AccessCommand, ArmCommand, CommandResult, SwitchCommand } from "@evenkeel/contracts/command";
import { AppError } from "@evenkeel/contracts/errors";
import type { CommandCall } from "@evenkeel/durable-objects/instance/rpc";
import { type Context, Hono } from "hono";
import { describeRoute } from "hono-openapi";
import type { AppEnv } from "../app-env.ts";
import { authenticate, recognise } from "../auth/authenticate.ts";
import { openInstance } from "../environment.ts";
import { notFound, readParam } from "../scope.ts";
import { accept, json } from "../validation.ts";

const tags = ["commands"];
const responses = { 200: json("What the command came to", CommandResult) };

/**
 * Operators' commands. They go straight to the Instance, which also recognises the caller when the catalogue is dead.
 * Mounted under `/instances/:instanceId/monitors/:monitorId`.
 */
export const commandRoutes = new Hono<AppEnv>()
  .use(authenticate)
  .post(
    "/switch",
    describeRoute({ summary: "Switch to a data centre", tags, responses }),
    accept("query", WaitQuery),
    accept("json", SwitchCommand),
    async (c) =>
      c.json(await send(c, { type: "switch", command: c.req.valid("json") }, c.req.valid("query"))),
  )
  .post(
    "/switch-back",
    describeRoute({ summary: "Switch back to the home data centre", tags, responses }),
    accept("query", WaitQuery),
    accept("json", SwitchCommand),
    async (c) => {
      const command = c.req.valid("json");
      if (command.to !== "dc1") {
        throw new AppError("invalid-input", "to: switching back goes to the home, dc1", {
          issues: [{ path: "to", expected: "must be the home, dc1" }],
        });
      }
      return c.json(await send(c, { type: "switch", command }, c.req.valid("query")));
    },
  )
  .post(
    "/access",
    describeRoute({ summary: "Set what SDKs may do in a data centre", tags, responses }),
    accept("query", WaitQuery),
    accept("json", AccessCommand),
    async (c) =>
      c.json(await send(c, { type: "access", command: c.req.valid("json") }, c.req.valid("query"))),
  )
  .post(
    "/arm",
    describeRoute({ summary: "Arm the automatic switch at once", tags, responses }),
    accept("query", WaitQuery),
    accept("json", ArmCommand),
    async (c) => c.json(await send(c, { type: "arm", command: c.req.valid("json") }, c.req.valid("query"))),
  );

async function send(
  c: Context<AppEnv>,
  order: CommandCall["order"],
  { waitMs }: { readonly waitMs: number },
): Promise<CommandResult> {
  const instanceId = readParam(c, "instanceId");
  const monitorId = readParam(c, "monitorId");
  const caller = await recognise(c, instanceId, "operate");
  const call: CommandCall = { monitorId, order, caller, source: c.get("source"), waitMs };
  const reply = await openInstance(c.env, instanceId).command(call);
  if (reply === null) throw notFound("instance", instanceId);
  if (reply.ok) return reply.result;
  const { code, because, epoch } = reply.refusal;
  throw new AppError(code, because.text, { because, epoch });
}
