import { WaitQuery } from "@evenkeel/contracts/api-queries";
import { BatchCommand, BatchResult } from "@evenkeel/contracts/command";
import { Hono } from "hono";
import { describeRoute } from "hono-openapi";
import type { AppEnv } from "../app-env.ts";
import { authenticate, recognise } from "../auth/authenticate.ts";
import { openInstance } from "../environment.ts";
import { notFound, readParam } from "../scope.ts";
import { accept, json } from "../validation.ts";

/**
 * Many monitors under one key: all of an application, or all that a lost site leaves behind. A member that is blocked is
 * a result, not an error: every member has one of its own. Mounted under `/instances/:instanceId`.
 */
export const batchRoutes = new Hono<AppEnv>().post(
  "/switches",
  describeRoute({
    summary: "Switch many monitors together: all, or with skipBlocked those that can be switched",
    tags: ["commands"],
    responses: { 200: json("What became of each member, in the order of the batch", BatchResult) },
  }),
  authenticate,
  accept("query", WaitQuery),
  accept("json", BatchCommand),
  async (c) => {
    const instanceId = readParam(c, "instanceId");
    const caller = await recognise(c, instanceId, "operate");
    const { waitMs } = c.req.valid("query");
    const call = { order: c.req.valid("json"), caller, source: c.get("source"), waitMs };
    const result = await openInstance(c.env, instanceId).batch(call);
    if (result === null) throw notFound("instance", instanceId);
    return c.json(result);
  },
);
