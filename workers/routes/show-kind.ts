import type { KindView } from "@evenkeel/contracts/kind-view";
import type { MonitorPlugin } from "@evenkeel/contracts/plugin";
import { z } from "zod";

/**
 * Shows a kind of monitor as the API does.
 *
 * @param plugin the kind
 */
export function showKind(plugin: MonitorPlugin): KindView {
  const { kind, title, defaultPort, switchable, hasRoute, defaults, account = null, sdk, example } = plugin;
  const schema = (settings: z.ZodObject) => z.toJSONSchema(settings, { io: "input" });
  return {
    kind,
    title,
    defaultPort,
    switchable,
    hasRoute,
    defaults,
    sdk: sdk === undefined ? null : { ...sdk, algorithms: [...sdk.algorithms] },
    account,
    settings: {
      common: schema(plugin.common),
      target: schema(plugin.target),
      secret: schema(plugin.secret),
    },
    example: { common: { ...example.common }, target: { ...example.target }, secret: { ...example.secret } },
  };
}
