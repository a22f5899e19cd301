import { describe, test } from "vitest";
import { openRouteStore } from "../../route-store/open-route-store.ts";
import { describeRouteStore } from "./contract.ts";
import { ROOT, startCluster, whyNoEtcd } from "./etcd-cluster.ts";

const reason = whyNoEtcd();
if (reason === null) {
  describeRouteStore("etcd JSON gateway", async () => {
    const cluster = await startCluster({ portBase: 22300 });
    return {
      open: () => openRouteStore({ endpoints: cluster.endpoints, ...ROOT, deadlineMs: 20_000 }),
      destroy: () => cluster.destroy(),
    };
  });
} else {
  console.warn(`skipped: ${reason}`);
  describe.skip("route store contract: etcd JSON gateway", () => test("needs etcd", () => undefined));
}
