import { openMongo } from "../../sdk/open-mongo.ts";
import { describeSource } from "./source-suite.ts";

interface Order {
  _id: string;
  item: string;
}

describeSource({
  engine: "mongodb",
  portBase: 26000,
  async prepare(sites) {
    const { etcd: _, ...local } = sites.config;
    for (const name of ["dc1", "dc2"]) {
      const source = await openMongo({ ...local, router: { ...local.router, active: name } });
      await source.db().collection<Order>("orders").insertOne({ _id: "where", item: name });
      await source.close();
    }
  },
  async open(_sites, config, options) {
    const source = await openMongo(config, options);
    const orders = () => source.db().collection<Order>("orders");
    return {
      source,
      where: async () => (await orders().findOne({ _id: "where" }))?.item ?? "nowhere",
      write: (id) =>
        source.run(
          async (db) => void (await db.collection<Order>("orders").insertOne({ _id: id, item: "test" })),
        ),
      begin: null,
    };
  },
});
