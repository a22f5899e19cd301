import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { buildConsole } from "../../lab/build-console.ts";
import { applyFault } from "../../lab/faults/site-faults.ts";
import { createLoginUrl } from "../../lab/verbs.ts";
import { launchBrowser, openPage } from "../web/browser.ts";
import { readMonitor, startTestLab, type TestLab, until } from "./with-lab.ts";

let browser: Browser | undefined;
let test: TestLab | undefined;

beforeAll(async () => {
  await buildConsole(() => undefined);
  test = await startTestLab(4800, ["redis"]);
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
  await test?.end();
});

it("shows a database die and the route move, and forces it back, as an operator would", async () => {
  if (browser === undefined || test === undefined) throw new Error("the set-up failed");
  const { lab } = test;
  const { page, faults } = await openPage(browser, await createLoginUrl(lab));
  await page.locator('main[data-line="live"]').waitFor();
  const card = page.getByRole("article", { name: "orders-redis" });
  await card.getByText("Active: dc1").waitFor();

  await applyFault(lab, "kill", "redis-dc1");
  await card.getByText("Active: dc2").waitFor();
  await card.getByText("Abnormal").first().waitFor();
  await page.getByText("switching to dc2, epoch 2").first().waitFor();

  await applyFault(lab, "revive", "redis-dc1");
  await until(
    "dc1 to be normal",
    () => readMonitor(lab, "redis"),
    (monitor) => monitor.dataCentres.every((dc) => dc.state === "normal"),
  );
  await card.getByRole("button", { name: "Switch back to dc1" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Force the switch").check();
  await dialog.getByLabel(/I answer for it/).check();
  await dialog.getByLabel(/Reason/).fill("the test brings it home");
  await dialog.getByRole("button", { name: "Force to dc1" }).click();
  await card.getByText("Active: dc1").waitFor();
  expect(await readMonitor(lab, "redis")).toMatchObject({ active: "dc1", epoch: 3 });

  await page.getByText("中文").click();
  await page.getByText("强制将 dc2 切换到 dc1", { exact: false }).first().waitFor();
  expect(faults).toEqual([]);
});
