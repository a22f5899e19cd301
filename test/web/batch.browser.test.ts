import type { LiveSite, LiveView } from "@evenkeel/contracts/live";
import { because } from "@evenkeel/contracts/sentences";
import { describe, expect, it } from "vitest";
import { card, dialog, picture, press, shown, useConsoleBench } from "./console-bench.ts";
import { makeCrashed, makeDataCentre, makeMonitor, makeView } from "./fixture-views.ts";

const bench = useConsoleBench();

const failing = { state: "abnormal", dataCentres: [makeCrashed("dc1"), makeDataCentre("dc2")] } as const;
const orders = makeMonitor("orders", { ...failing, dataCentres: [...failing.dataCentres] });
const stock = makeMonitor("stock", {
  applicationId: "app_stock0001",
  epoch: 4,
  dataCentres: [makeDataCentre("dc1"), makeDataCentre("dc2"), makeDataCentre("dc3")],
});
const broken = makeMonitor("sessions", {
  dataCentres: [makeDataCentre("dc1"), makeCrashed("dc2")],
});
const SWITCH_MANY = "Switch many …";

/** The site of dc1 is lost with everything in it. */
function loseSite(view: LiveView): LiveView {
  const [first, ...others] = view.sites;
  if (first === undefined) throw new Error("no site");
  const lost: LiveSite = {
    ...{ ...first, state: "lost", unheardForMs: 24_000 },
    because: because("SITE-12", { site: "shanghai", unheardS: 24, others: "hangzhou and witness" }),
    active: view.monitors.map(({ id }) => id),
  };
  const agents = view.agents.map((agent) =>
    agent.site === lost.id ? { ...agent, connected: false } : agent,
  );
  return { ...view, agents, sites: [lost, ...others] };
}

async function ask(view: LiveView, locale = "en-US", button = SWITCH_MANY) {
  await bench.start(view);
  const page = await bench.open(undefined, { locale });
  await page.getByRole("button", { name: button }).click();
  await dialog(page).waitFor();
  return page;
}

describe("many monitors at once", () => {
  it("are shown first: state, target and what blocks each; then sent with the epochs that were seen", async () => {
    const page = await ask(makeView([orders, stock]));
    const rows = dialog(page).getByRole("list", { name: "Monitors to move" });
    await rows.getByText("Abnormal").waitFor();
    await rows.getByText("epoch 4").waitFor();
    await dialog(page).getByText("1 of them leaves a side that works").waitFor();
    await picture(page, "batch", false);
    await press(page, "Switch 2 monitors, 1 from a healthy side");
    await dialog(page).getByText("2 moved, 0 on their way, 0 not moved").waitFor();
    await picture(page, "batch-done", false);
    expect(bench.fixture.batches).toEqual([
      {
        members: [
          { monitorId: orders.id, to: "dc2", expectedEpoch: 12 },
          { monitorId: stock.id, to: "dc2", expectedEpoch: 4 },
        ],
        force: false,
        skipBlocked: false,
        idempotencyKey: expect.any(String),
      },
    ]);
    await dialog(page).locator(".ant-btn-primary").getByText("Close").click();
    await card(page, "stock").getByText("Active: dc2").waitFor();
  });

  it("that would be refused are named, with what that means for the others", async () => {
    const page = await ask(makeView([orders, broken]));
    await dialog(page).getByText("1 of them would probably be refused: sessions").waitFor();
    await dialog(page).getByText("With “Move all or none” nothing would be moved.").waitFor();
    await dialog(page).getByText("dc2 is not healthy").waitFor();
    await dialog(page).getByLabel("Leave the blocked ones, move the others").check();
    await dialog(page).getByText("They would stay where they are; the others would be moved.").waitFor();
    await picture(page, "batch-blocked", false);
    const why = { code: "switch-blocked", id: "candidate-unheard", params: { to: "dc2" } } as const;
    bench.fixture.blocked.set(broken.id, why);
    await press(page, "Switch 2 monitors");
    await dialog(page).getByText("1 moved, 0 on their way, 1 not moved").waitFor();
    const results = dialog(page).getByRole("list", { name: "Result of each monitor" });
    await results.getByRole("listitem").filter({ hasText: "not moved" }).getByText("sessions").waitFor();
    await picture(page, "batch-partly", false);
    expect(bench.fixture.batches[0]?.skipBlocked).toBe(true);
    // What stayed is what a person is asked about next.
    await press(page, "Look again");
    const rows = dialog(page).getByRole("list", { name: "Monitors to move" });
    await rows.getByText("sessions").waitFor();
    expect(await rows.getByText("orders").count()).toBe(0);
  });

  it("by force take an explicit tick and a reason", async () => {
    const page = await ask(makeView([orders, broken]));
    await dialog(page).getByLabel("Force all of them").check();
    const force = dialog(page).getByRole("button", { name: "Force 2 monitors" });
    expect(await force.isDisabled()).toBe(true);
    await dialog(page).getByLabel("I know that the targets may not work").check();
    expect(await force.isDisabled()).toBe(true);
    await dialog(page).getByLabel("Reason").fill("power goes in five minutes");
    await picture(page, "batch-force", false);
    await force.click();
    await dialog(page).getByText("2 moved").waitFor();
    const [batch] = bench.fixture.batches;
    expect(batch).toMatchObject({ force: true, skipBlocked: false, reason: "power goes in five minutes" });
  });

  it("can be narrowed to an application, left out one by one, and sent elsewhere", async () => {
    const page = await ask(makeView([orders, stock, broken]));
    await dialog(page).getByLabel("sessions", { exact: true }).uncheck();
    await dialog(page).getByRole("button", { name: "Switch 2 monitors" }).waitFor();
    await dialog(page).getByRole("combobox", { name: "Application" }).click();
    await page.getByTitle("Application stock0001").click();
    await dialog(page).getByRole("combobox", { name: "Target of stock" }).click();
    await page.getByTitle("dc3").click();
    await press(page, "Switch 1 monitor, 1 from a healthy side");
    await dialog(page).getByText("1 moved").waitFor();
    expect(bench.fixture.batches[0]?.members).toEqual([{ monitorId: stock.id, to: "dc3", expectedEpoch: 4 }]);
  });

  it("that are away can be brought home together, and the focus stays in the dialog", async () => {
    const away = (name: string) => makeMonitor(name, { active: "dc2", armed: false });
    const page = await ask(makeView([orders, away("one"), away("two")]));
    await dialog(page).getByRole("combobox", { name: "What to move" }).click();
    await page.getByTitle("Home: everything that is away").click();
    await shown(page, "Bring monitors home?");
    await picture(page, "batch-home", false);
    await press(page, "Switch 2 monitors");
    await dialog(page).getByText("2 moved").waitFor();
    expect(bench.fixture.batches[0]?.members.map(({ to }) => to)).toEqual(["dc1", "dc1"]);
    const focused = () => page.evaluate<string>("document.activeElement?.textContent ?? ''");
    await expect.poll(focused).toBe("Close");
  });

  it("that changed under the dialog are marked, and nothing can be sent before a second look", async () => {
    const page = await ask(makeView([orders, stock]));
    bench.fixture.show(makeView([{ ...orders, epoch: 13 }, stock]));
    await dialog(page).getByText("It changed since you looked: dc1 is active with epoch 13.").waitFor();
    await picture(page, "batch-changed", false);
    expect(
      await dialog(page)
        .getByRole("button", { name: /^Switch 2/ })
        .count(),
    ).toBe(0);
    await press(page, "Look again");
    await press(page, "Switch 2 monitors");
    await dialog(page).getByText("2 moved").waitFor();
    expect(bench.fixture.batches.map(({ members }) => members[0]?.expectedEpoch)).toEqual([13]);
  });

  it("without an answer are not called failed, and are sent again as the same batch", async () => {
    const page = await ask(makeView([orders, stock]));
    bench.fixture.losesAnswers = true;
    await press(page, "Switch 2 monitors");
    await dialog(page).getByText("nobody knows whether it was carried out").waitFor();
    // A browser repeats a request by itself when an old connection breaks under it.
    const sent = bench.fixture.batches.length;
    bench.fixture.losesAnswers = false;
    await press(page, "Send again (same command)");
    await dialog(page).getByText("2 moved").waitFor();
    const [first, ...others] = bench.fixture.batches;
    expect(others.length).toBeGreaterThanOrEqual(sent);
    for (const batch of others) expect(batch).toEqual(first);
  });

  it("cannot be sent while the connection is lost, nor by those who may only look", async () => {
    const page = await ask(makeView([orders, stock]));
    bench.fixture.alive = false;
    await page.locator('main[data-line="lost"]').waitFor();
    expect(
      await dialog(page)
        .getByRole("button", { name: /^Switch 2/ })
        .isDisabled(),
    ).toBe(true);
    bench.fixture.alive = true;
    bench.fixture.role = "viewer";
    const other = await bench.open();
    await card(other, "orders").waitFor();
    expect(await other.getByRole("button", { name: SWITCH_MANY }).count()).toBe(0);
  });

  it("can be two hundred, by keyboard alone", async () => {
    const many = Array.from({ length: 200 }, (_, index) => makeMonitor(`m-${index}`));
    await bench.start(makeView(many));
    const page = await bench.open();
    // Found by class: names and roles of a page of two hundred monitors take a browser seconds to compute.
    await page.locator(".switch-many").focus();
    await page.keyboard.press("Enter");
    const confirm = page.locator(".confirmation .ant-btn-primary");
    await confirm.getByText("Switch 200 monitors, 200 from a healthy side").waitFor();
    await picture(page, "batch-many", false);
    await confirm.focus();
    await page.keyboard.press("Enter");
    await page.getByText("200 moved, 0 on their way, 0 not moved").waitFor();
    expect(bench.fixture.batches[0]?.members).toHaveLength(200);
    await page.keyboard.press("Escape");
    await page.locator(".confirmation").waitFor({ state: "hidden" });
    const focused = await page.evaluate<string>("document.activeElement?.textContent ?? ''");
    expect(focused).toBe(SWITCH_MANY);
  });
});

describe("a lost site", () => {
  it.each([
    ["en-US", "Move its 2 monitors …", "Move monitors out of shanghai?"],
    ["zh-CN", "切走其 2 个监控器……", "将监控器切离 shanghai？"],
  ])("offers one click that lays the whole way out (%s)", async (locale, button, title) => {
    const page = await ask(
      loseSite(makeView([orders, stock, makeMonitor("away", { active: "dc2" })])),
      locale,
      button,
    );
    await shown(page, title);
    await picture(page, `lost-site-plan-${locale}`);
    await dialog(page).locator(".ant-btn-primary").click();
    await dialog(page).getByRole("alert").waitFor();
    expect(bench.fixture.batches[0]?.members.map(({ monitorId }) => monitorId)).toEqual([
      orders.id,
      stock.id,
    ]);
    // Nothing is active there any more: nothing is offered.
    await page.getByRole("button", { name: button }).waitFor({ state: "detached" });
  });
});
