import { useRedis } from "@evenkeel/lab/engines/redis-connection";
import { openRedis } from "../../sdk/open-redis.ts";
import { describeSource } from "./source-suite.ts";

const NAME_KEY = "order:where";

describeSource({
  engine: "redis",
  portBase: 22600,
  async prepare(sites) {
    for (const [name, site] of Object.entries(sites.engine.dataCentres)) {
      const { host, port, users } = site;
      await useRedis({ host, port, ...users.app }, (redis) => redis.set(NAME_KEY, name));
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
