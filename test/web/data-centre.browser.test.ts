import { expect, it } from "vitest";
import { card, picture, shown, useConsoleBench } from "./console-bench.ts";
import { FIXTURE_NOW_MS, INSTANCE_ID, makeDataCentre, makeMonitor, makeView } from "./fixture-views.ts";

const { start, open } = useConsoleBench();

it("[SAFE-12] a refused account stands there with the statements that make it", async () => {
  const refused = makeDataCentre("dc2", {
    state: "misconfigured",
    words: "access denied for user evenkeel_probe at 10.2.0.5:5432",
    code: "28P01",
    advice: `check user and password: ALTER ROLE "evenkeel_probe" PASSWORD '…'`,
  });
  await start(makeView([makeMonitor("orders", { dataCentres: [makeDataCentre("dc1"), refused] })]));
  const page = await open(`#/instances/${INSTANCE_ID}/monitors/mon_orders`);
  await page.getByText("28P01").waitFor();
  const statements = page.getByText("CREATE ROLE evenkeel_probe");
  expect(await statements.isVisible()).toBe(false);
  await page.getByText("Statements that make the monitor's account").click();
  await shown(page, "CREATE ROLE evenkeel_probe");
  await picture(page, "account-statements");
  // Nothing is wider than the screen.
  const overflow = await page.evaluate<number>(
    "document.documentElement.scrollWidth - document.documentElement.clientWidth",
  );
  expect(overflow).toBeLessThanOrEqual(0);
});

it("what the control plane itself sees of a public target stands beside the votes", async () => {
  const edge = {
    verdict: "down" as const,
    words: "status 503 instead of 200 from shop.example.com:443",
    code: "503",
    advice: null,
    latencyMs: 41,
    atMs: FIXTURE_NOW_MS,
    healthy: false,
    inARow: 3,
  };
  const api = makeMonitor("shop-api", {
    kind: "api",
    switchable: false,
    dataCentres: [makeDataCentre("dc1", { edge }), makeDataCentre("dc2", { edge: null })],
  });
  await start(makeView([api]));
  const page = await open(`#/instances/${INSTANCE_ID}/monitors/mon_shopapi`);
  await page.getByText("From the control plane").waitFor();
  await page.getByText(/status 503 instead of 200 from shop.example.com:443, at \d\d:12:40/).waitFor();
  expect(await card(page, "shop-api").getByText("From the control plane").count()).toBe(1);
});
