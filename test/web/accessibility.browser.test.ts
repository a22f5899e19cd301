import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { card, dialog, picture, useConsoleBench } from "./console-bench.ts";
import { makeMonitor, makeNightView, makeView } from "./fixture-views.ts";

const bench = useConsoleBench();

/** Tabs after which every control of these dialogs has had the focus. */
const TABS = 24;

/** Controls that a screen reader could not name, and ids that stand for two things. */
const FAULTS = `(() => {
  const named = (one) => [
    one.getAttribute("aria-label"),
    one.textContent,
    ...[...(one.labels ?? [])].map((label) => label.textContent),
    document.getElementById(one.getAttribute("aria-labelledby") ?? "")?.textContent,
  ].some((name) => (name ?? "").trim() !== "");
  const controls = [...document.querySelectorAll("button, a[href], input, select, textarea, [role=radiogroup], [role=dialog]")];
  const unnamed = controls.filter((one) => !named(one)).map((one) => one.outerHTML.slice(0, 200));
  const ids = [...document.querySelectorAll("[id]")].map(({ id }) => id);
  return [...unnamed, ...ids.filter((id, place) => ids.indexOf(id) !== place)];
})()`;

const listFaults = (page: Page) => page.evaluate<string[]>(FAULTS);
const measureOverflow = (page: Page) =>
  page.evaluate<number>("document.documentElement.scrollWidth - document.documentElement.clientWidth");

/** Goes round a dialog by Tab; focus may pass the browser's own frame, but not the page behind. */
async function listFocused(page: Page): Promise<string[]> {
  const places: string[] = [];
  for (let tabs = 0; tabs < TABS; tabs += 1) {
    await page.keyboard.press("Tab");
    const script = `document.activeElement === document.body ? "frame"
      : document.activeElement.closest("[role=dialog]") === null ? "behind" : "dialog"`;
    places.push(await page.evaluate<string>(script));
  }
  return places;
}

const DIALOGS = [
  ["Switch many …", "batch"],
  ["Maintenance …", "maintenance"],
  ["SDK configuration …", "sdk"],
  ["Switch to dc2", "switch"],
  ["Change read/write of dc1", "access"],
] as const;

it("every control of the page has a name, and each monitor's buttons are a group of its name", async () => {
  await bench.start(makeNightView());
  bench.fixture.role = "owner";
  const page = await bench.open();
  await card(page, "shop-api").waitFor();
  expect(await listFaults(page)).toEqual([]);
  const group = page.getByRole("group", { name: "Actions of sessions-redis" });
  expect(await group.getByRole("button").allTextContents()).toEqual([
    "Switch to dc2",
    "Maintenance …",
    "SDK configuration …",
  ]);
});

it.each(DIALOGS)(
  "“%s” opens a dialog whose controls have names, which keeps the focus, and fits a phone",
  async (name, file) => {
    await bench.start(makeView([makeMonitor("orders"), makeMonitor("stock")]));
    bench.fixture.role = "owner";
    const page = await bench.open(undefined, { viewport: { width: 360, height: 740 }, colorScheme: "dark" });
    await card(page, "orders").waitFor();
    const unfold = card(page, "orders").getByRole("button", { name: "Show details" });
    if ((await unfold.count()) > 0) await unfold.click();
    const button = page.getByRole("button", { name }).first();
    await button.click();
    await dialog(page).getByRole("button", { name: "Close" }).first().waitFor();
    if (name === "Maintenance …") await dialog(page).getByText("New window").waitFor();
    if (name === "SDK configuration …") await dialog(page).getByText("To be filled in").waitFor();
    expect(await listFaults(page)).toEqual([]);
    expect(new Set(await listFocused(page))).not.toContain("behind");
    expect(await measureOverflow(page)).toBeLessThanOrEqual(0);
    await picture(page, `phone-${file}`, false);
    await page.keyboard.press("Escape");
    await dialog(page).waitFor({ state: "hidden" });
    // Whoever closed it goes on where the dialog was opened.
    const focused = () => page.evaluate<string>("document.activeElement?.outerHTML ?? ''");
    const opener = await button.evaluate((one) => (one as unknown as { outerHTML: string }).outerHTML);
    await expect.poll(focused).toBe(opener);
  },
);
