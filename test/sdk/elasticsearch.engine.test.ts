import { openElasticsearch } from "../../sdk/open-elasticsearch.ts";
import { describeSource } from "./source-suite.ts";

const index = "orders";

describeSource({
  engine: "elasticsearch",
  portBase: 26200,
  async prepare(sites) {
    const { etcd: _, ...local } = sites.config;
    for (const name of ["dc1", "dc2"]) {
      const source = await openElasticsearch({ ...local, router: { ...local.router, active: name } });
      await source.client.index({ index, id: "where", body: { item: name } });
      await source.close();
    }
  },
  async open(_sites, config, options) {
    const source = await openElasticsearch(config, options);
    const { client } = source;
    return {
      source,
      where: async () => (await client.get({ index, id: "where" })).body._source.item,
      write: async (id) => void (await client.create({ index, id, body: { item: "test" } })),
      begin: null,
    };
  },
});
