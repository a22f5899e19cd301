import { SdkConfig } from "@evenkeel/contracts/sdk-config";
import type { BrowserContextOptions, Page } from "playwright-core";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { card, dialog, picture, press, shown, useConsoleBench } from "./console-bench.ts";
import { makeMonitor, makeView } from "./fixture-views.ts";

const bench = useConsoleBench();
const OFFER = "SDK configuration …";

async function ask(kind: string, options: BrowserContextOptions = {}, button = OFFER): Promise<Page> {
  await bench.start(makeView([makeMonitor("orders", { kind })]));
  bench.fixture.role = "editor";
  const page = await bench.open(undefined, options);
  await card(page, "orders").getByRole("button", { name: button }).click();
  await yamlOf(page).waitFor();
  return page;
}

const yamlOf = (page: Page) => dialog(page).getByRole("textbox", { name: "evenkeel.yaml" });
const configOf = async (page: Page) => SdkConfig.parse(parse(await yamlOf(page).inputValue()));
/** Chooses from a list by its label. */
async function choose(page: Page, label: string, option: string): Promise<void> {
  await dialog(page).getByLabel(label, { exact: true }).click();
  await page.locator(".ant-select-item-option").filter({ hasText: option }).click();
}
/** The page in front, past what is too wide for it. */
const measureOverflow = (page: Page) =>
  page.evaluate<number>("document.documentElement.scrollWidth - document.documentElement.clientWidth");

it("what applications are told is chosen, handed out at once, and stored for everybody", async () => {
  const page = await ask("postgresql", { viewport: { width: 1280, height: 900 } });
  expect((await configOf(page)).router.algorithm).toBe("single-read-write");
  expect(await dialog(page).getByLabel("Reads may be behind by (ms)").count()).toBe(0);
  await picture(page, "sdk-1280", false);
  await choose(page, "Routing algorithm", "Single write, local read");
  await dialog(page).getByLabel("Reads may be behind by (ms)").fill("2000");
  await dialog(page).getByLabel("Hold writes in a planned switch (ms)").fill("800");
  const wished = { algorithm: "single-write-local-read", maxStalenessMs: 2000, holdMs: 800 };
  await expect.poll(async () => (await configOf(page)).router).toMatchObject(wished);
  await shown(page, "Your choices hold for the file below only.");
  await dialog(page).getByText("EVENKEEL_REGION").first().waitFor();
  expect(bench.fixture.pools).toEqual([]);
  await press(page, "Store for everybody");
  await shown(page, "Stored.");
  expect(bench.fixture.pools).toMatchObject([{ database: "shop", ...wished }]);
  await picture(page, "sdk-stored", false);
  expect(await dialog(page).getByRole("button", { name: "Store for everybody" }).isDisabled()).toBe(true);
});

it("the file is for one site or for all, says what is to be filled in, and holds no secret", async () => {
  const page = await ask("mysql");
  const text = await yamlOf(page).inputValue();
  expect(text).not.toContain("example-password");
  const named = [...text.matchAll(/\$\{(\w+)/g)].map(([, name]) => name);
  const shownNames = await dialog(page).locator(".sdk-variables code").allTextContents();
  expect(shownNames).toEqual([...new Set(named)]);
  expect(shownNames).toEqual(expect.arrayContaining(["ETCD_CA_FILE", "DC1_PASSWORD", "DC2_USERNAME"]));
  await choose(page, "Routing algorithm", "Single write, local read");
  await expect.poll(async () => (await configOf(page)).props.cloud).toBe(`\${${"EVENKEEL_CLOUD"}}`);
  await choose(page, "Where the process runs", "hangzhou");
  await expect
    .poll(async () => (await configOf(page)).props)
    .toMatchObject({ cloud: "aws", zone: "hangzhou" });
  await dialog(page).getByLabel("Prefix of the variables").fill("my shop");
  await dialog(page).locator(".sdk-variables").getByText("MY_SHOP_DC1_PASSWORD").waitFor();
  await dialog(page).getByText("Its password in dc1.").waitFor();
  const begin = dialog(page).getByRole("textbox", { name: "Begin" });
  expect(await begin.inputValue()).toContain('import { openMysql } from "@evenkeel/sdk/open-mysql"');
  const install = dialog(page).getByRole("textbox", { name: "Install" });
  expect(await install.inputValue()).toMatch(/^npm install .* mysql2$/);
});

it("Redis's double writes are stored with the monitor, with a queue that needs its directory", async () => {
  const page = await ask("redis");
  await choose(page, "Routing algorithm", "Local read, async double write");
  await choose(page, "Copies wait", "On disk too");
  await shown(page, "Enter the directory");
  const store = dialog(page).getByRole("button", { name: "Store for everybody" });
  expect(await store.isDisabled()).toBe(true);
  await dialog(page).getByLabel("Directory of the queue").fill("/var/lib/shop");
  await expect.poll(async () => (await configOf(page)).router.copies).toMatchObject({ queue: "disk" });
  await picture(page, "sdk-redis", false);
  await store.click();
  await shown(page, "Stored.");
  expect(bench.fixture.common).toMatchObject({ algorithm: "local-read-async-double-write" });
  expect(bench.fixture.pools).toMatchObject([{ copies: { queue: "disk", directory: "/var/lib/shop" } }]);
  expect(bench.fixture.pools[0]).not.toHaveProperty("algorithm");
});

it("the file is copied with one press, and marked for the keyboard where the clipboard is forbidden", async () => {
  const page = await ask("postgresql", { permissions: ["clipboard-read", "clipboard-write"] });
  await press(page, "Copy evenkeel.yaml");
  await shown(page, "Copied.");
  const kept = await page.evaluate<string>("navigator.clipboard.readText()");
  expect(kept).toBe(await yamlOf(page).inputValue());
  await page.evaluate(`Object.defineProperty(navigator, "clipboard", { value: undefined });
    document.execCommand = () => false;`);
  await press(page, "Copy Begin");
  await shown(page, "Selected: copy it with your keyboard.");
  const marked = await page.evaluate<string>("String(getSelection())");
  expect(marked.trim()).toContain("openPostgres");
});

it("on a phone, in Chinese, it fits; who may not change settings cannot store", async () => {
  const small = { locale: "zh-CN", viewport: { width: 390, height: 844 }, colorScheme: "dark" } as const;
  await bench.start(makeView([makeMonitor("orders")]));
  bench.fixture.role = "viewer";
  const page = await bench.open(undefined, small);
  await card(page, "orders").getByRole("button", { name: "SDK 配置……" }).click();
  await yamlOf(page).waitFor();
  await dialog(page).getByText("应用在 dc1 的账号。").waitFor();
  expect(await dialog(page).getByRole("button", { name: "为所有人保存" }).count()).toBe(0);
  expect(await measureOverflow(page)).toBeLessThanOrEqual(0);
  await picture(page, "sdk-390-zh", false);
});

it("why there is no file is said, and the choices stay", async () => {
  const page = await ask("postgresql");
  bench.fixture.alive = false;
  await dialog(page).getByLabel("Read from the replicas of this monitor").check();
  await dialog(page).getByText("The control plane does not answer").first().waitFor();
  bench.fixture.alive = true;
  await choose(page, "Spread reads over them", "At random");
  await yamlOf(page).waitFor();
  expect(bench.fixture.sdkQueries.at(-1)).toContain("loadBalance=random");
});
