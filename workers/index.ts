import { app } from "./app.ts";
import { runEveryMinute } from "./cron/every-minute.ts";
import type { Env } from "./environment.ts";

export { Instance } from "@evenkeel/durable-objects/instance";

export default {
  fetch: app.fetch,
  async scheduled(controller, env) {
    await runEveryMinute(env, controller.scheduledTime);
  },
} satisfies ExportedHandler<Env>;
