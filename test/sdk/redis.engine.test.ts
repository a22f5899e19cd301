import { Redis } from "ioredis";
import { openRedis } from "../../sdk/open-redis.ts";
import { describeSource } from "./source-suite.ts";

const NAME_KEY = "order:where";

describeSource({
  engine: "redis",
  portBase: 22600,
  async prepare(sites) {
    for (const [name, site] of Object.entries(sites.engine.dataCentres)) {
      const { user, password } = site.users.app;
      const redis = new Redis({ host: site.host, port: site.port, username: user, password });
      await redis.set(NAME_KEY, name);
      redis.disconnect();
    }
  },
  async open(_sites, config, options) {
    const source = await openRedis(config, options);
    return {
      source,
      where: async () => (await source.client.get(NAME_KEY)) ?? "nowhere",
      write: async (id) => void (await source.client.set(`order:${id}`, "test")),
      begin: null,
    };
  },
});
