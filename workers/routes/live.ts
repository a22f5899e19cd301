import { EventsQuery, ProcessesQuery } from "@evenkeel/contracts/api-queries";
import { AppError } from "@evenkeel/contracts/errors";
import { InstanceEvent } from "@evenkeel/contracts/event";
import { Explanation, LiveView } from "@evenkeel/contracts/live";
import { ProcessView } from "@evenkeel/contracts/process";
import { ToldRoutes } from "@evenkeel/contracts/told-routes";
import { CALLER_HEADER, type SocketCaller } from "@evenkeel/durable-objects/instance/door";
import { Hono } from "hono";
import { describeRoute } from "hono-openapi";
import { z } from "zod";
import type { AppEnv } from "../app-env.ts";
import { authenticate, recognise } from "../auth/authenticate.ts";
import { openInstance } from "../environment.ts";
import { notFound, readParam } from "../scope.ts";
import { accept, json } from "../validation.ts";

const tags = ["live"];

/** What is going on in an instance, straight from its object. Mounted under `/instances/:instanceId`. */
export const liveRoutes = new Hono<AppEnv>()
  .get(
    "/live",
    describeRoute({
      summary: "Get the present picture",
      tags,
      responses: { 200: json("The picture", LiveView) },
    }),
    authenticate,
    async (c) => {
      const instanceId = readParam(c, "instanceId");
      await recognise(c, instanceId, "read");
      const view = await openInstance(c.env, instanceId).view();
      if (view === null) throw notFound("instance", instanceId);
      return c.json(view);
    },
  )
  .get(
    "/monitors/:monitorId/explain",
    describeRoute({
      summary: "Explain what would happen if a monitor's active data centre, or its whole site, died now",
      tags,
      responses: { 200: json("What would happen, and what would block it", Explanation) },
    }),
    authenticate,
    async (c) => {
      const instanceId = readParam(c, "instanceId");
      const monitorId = readParam(c, "monitorId");
      await recognise(c, instanceId, "read");
      const explanation = await openInstance(c.env, instanceId).explain(monitorId);
      if (explanation === null) throw notFound("monitor", monitorId);
      return c.json(explanation);
    },
  )
  .get(
    "/processes",
    describeRoute({
      summary: "List an application's registered processes and the routes that they follow",
      tags,
      responses: { 200: json("The processes", z.object({ items: z.array(ProcessView) })) },
    }),
    authenticate,
    accept("query", ProcessesQuery),
    async (c) => {
      const instanceId = readParam(c, "instanceId");
      await recognise(c, instanceId, "read");
      const items = await openInstance(c.env, instanceId).processes(c.req.valid("query").applicationId);
      return c.json({ items });
    },
  )
  .get(
    "/applications/:applicationId/routes",
    describeRoute({
      summary:
        "Get the routes of an application, for its processes while they do not reach their route store",
      tags,
      responses: { 200: json("The routes, as far as a store holds them", ToldRoutes) },
    }),
    authenticate,
    async (c) => {
      const instanceId = readParam(c, "instanceId");
      await recognise(c, instanceId, "read");
      const told = await openInstance(c.env, instanceId).routes(readParam(c, "applicationId"));
      if (told === null) throw notFound("instance", instanceId);
      return c.json(told);
    },
  )
  .get(
    "/live/socket",
    describeRoute({
      summary: "Follow the picture (WebSocket): a frame after each change, at most four a second",
      tags,
      responses: { 101: { description: "Connected" } },
    }),
    authenticate,
    async (c) => {
      const instanceId = readParam(c, "instanceId");
      const principal = await recognise(c, instanceId, "read");
      if (c.req.header("upgrade")?.toLowerCase() !== "websocket") {
        throw new AppError("protocol-mismatch", "Follow the picture by WebSocket, or poll it under /live");
      }
      const caller: SocketCaller = { role: "console", principal };
      const headers = { upgrade: "websocket", [CALLER_HEADER]: JSON.stringify(caller) };
      const response = await openInstance(c.env, instanceId).fetch("https://instance/console", { headers });
      if (response.status === 404) throw notFound("instance", instanceId);
      if (response.status === 503) throw new AppError("too-many-requests", "Too many consoles are open");
      return response;
    },
  )
  .get(
    "/events",
    describeRoute({
      summary: "List events, newest first",
      tags,
      responses: { 200: json("The events", z.object({ items: z.array(InstanceEvent) })) },
    }),
    authenticate,
    accept("query", EventsQuery),
    async (c) => {
      const instanceId = readParam(c, "instanceId");
      await recognise(c, instanceId, "read");
      const items = await openInstance(c.env, instanceId).events(c.req.valid("query"));
      if (items === null) throw notFound("instance", instanceId);
      return c.json({ items });
    },
  );
