import { expect, it } from "vitest";
import { card, dialog, picture, press, shown, useConsoleBench } from "./console-bench.ts";
import { FIXTURE_NOW_MS, makeMonitor, makeView } from "./fixture-views.ts";

const bench = useConsoleBench();
const view = makeView([makeMonitor("orders")]);
const MAINTENANCE = "Maintenance …";

async function ask(locale = "en-US", button = MAINTENANCE) {
  await bench.start(view);
  bench.fixture.role = "owner";
  const page = await bench.open(undefined, { locale });
  await card(page, "orders").getByRole("button", { name: button }).click();
  await dialog(page).waitFor();
  return page;
}

it("a maintenance window is begun with a reason, seen at the monitor, and ended", async () => {
  const page = await ask();
  await shown(page, "No window is open or planned.");
  const begin = dialog(page).getByRole("button", { name: "Begin maintenance" });
  await dialog(page).getByText("Enter a reason.").waitFor();
  expect(await begin.isDisabled()).toBe(true);
  await dialog(page).getByLabel("Reason").fill("new disks");
  await picture(page, "maintenance-new", false);
  await begin.click();
  await shown(page, "Stored.");
  await picture(page, "maintenance-open", false);
  const [window] = bench.fixture.windows;
  expect(window).toMatchObject({ reason: "new disks" });
  expect((window?.untilMs ?? 0) - (window?.fromMs ?? 0)).toBe(3_600_000);
  await card(page, "orders")
    .getByText(/Maintenance until .* nothing switches by itself/)
    .waitFor();
  await press(page, "End now");
  await shown(page, "No window is open or planned.");
  await card(page, "orders")
    .getByText(/Maintenance until/)
    .waitFor({ state: "detached" });
  expect(bench.fixture.windows).toEqual([]);
});

it("a window is planned for later beside what somebody else planned meanwhile, and removed", async () => {
  const page = await ask();
  await dialog(page).getByLabel("Begins later").check();
  await dialog(page).getByText("Enter when it begins.").waitFor();
  await dialog(page).getByLabel("Begins at").fill("2126-11-22T01:30");
  await dialog(page).getByLabel("Reason").fill("kernel");
  const other = { fromMs: FIXTURE_NOW_MS + 1e9, untilMs: FIXTURE_NOW_MS + 2e9, reason: "somebody else's" };
  bench.fixture.windows = [other];
  await press(page, "Plan maintenance");
  const list = dialog(page).getByRole("list", { name: "Maintenance windows" });
  await list.getByText("kernel").waitFor();
  await list.getByText("somebody else's").waitFor();
  await picture(page, "maintenance-planned", false);
  await list
    .getByRole("listitem")
    .filter({ hasText: "kernel" })
    .getByRole("button", { name: "Remove" })
    .click();
  await list.getByText("kernel").waitFor({ state: "detached" });
  expect(bench.fixture.windows).toEqual([other]);
});

it("maintenance that cannot be stored says why and keeps what was entered", async () => {
  const page = await ask("zh-CN", "维护……");
  await dialog(page).getByLabel("原因").fill("新磁盘");
  bench.fixture.alive = false;
  await dialog(page).getByRole("button", { name: "开始维护" }).click();
  await dialog(page).getByText("控制面没有应答").first().waitFor();
  await picture(page, "maintenance-failed", false);
  expect(await dialog(page).getByLabel("原因").inputValue()).toBe("新磁盘");
  expect(bench.fixture.windows).toEqual([]);
});

it("maintenance is offered to those who may change settings only", async () => {
  await bench.start(view);
  bench.fixture.role = "operator";
  const page = await bench.open();
  await card(page, "orders").getByRole("button", { name: "Switch to dc2" }).waitFor();
  expect(await card(page, "orders").getByRole("button", { name: MAINTENANCE }).count()).toBe(0);
});
