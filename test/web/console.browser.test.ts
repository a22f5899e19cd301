import type { LiveMonitor, LiveSite } from "@evenkeel/contracts/live";
import { because } from "@evenkeel/contracts/sentences";
import { describe, expect, it } from "vitest";
import { card, dialog, picture, press, shown, useConsoleBench } from "./console-bench.ts";
import { LOGIN_CODE, PASSWORD } from "./console-fixture.ts";
import {
  INSTANCE_ID,
  makeCrashed,
  makeDataCentre,
  makeMonitor,
  makeSwitchEvent,
  makeView,
} from "./fixture-views.ts";

const bench = useConsoleBench();
const { start, open } = bench;

const healthy = makeMonitor("orders");
const failing = makeMonitor("orders", {
  state: "abnormal",
  dataCentres: [makeCrashed("dc1"), makeDataCentre("dc2")],
});

describe("the bundle", () => {
  it("holds no database driver, and everything it loads is its own", async () => {
    await start();
    const drivers = bench.built.sources.filter((path) =>
      /node_modules\/(pg|pg-[a-z]+|mysql2|ioredis)\//.test(path),
    );
    expect(drivers).toEqual([]);
    expect(bench.built.sources.some((path) => path.includes("plugins/monitors/"))).toBe(true);
    const page = await bench.openBlank();
    const foreign: string[] = [];
    page.on("request", (request) => {
      if (!request.url().startsWith(bench.fixture.url)) foreign.push(request.url());
    });
    await page.goto(`${bench.fixture.url}/#/instances/${INSTANCE_ID}`);
    await shown(page, "orders-postgresql");
    expect(foreign).toEqual([]);
  });
});

describe("the live page", () => {
  it.each([
    ["english", {}, "Normal"],
    ["chinese", { locale: "zh-CN" }, "正常"],
    ["dark", { colorScheme: "dark" }, "Normal"],
    ["narrow", { viewport: { width: 360, height: 740 } }, "Normal"],
  ] as const)(
    "shows states with words, who is active, protection and events (%s)",
    async (name, options, word) => {
      await start();
      const page = await open(undefined, options);
      const orders = card(page, "orders-postgresql");
      await orders.getByText(word).first().waitFor();
      await orders.getByText("ECONNREFUSED").waitFor();
      await orders.getByText(/dc2/).first().waitFor();
      await picture(page, name);
      // Nothing is wider than the screen.
      const overflow = await page.evaluate<number>(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth",
      );
      expect(overflow).toBeLessThanOrEqual(0);
    },
  );

  it("follows each change at once, and tells screen readers", async () => {
    await start(makeView([healthy]));
    const page = await open();
    await card(page, "orders").getByText("Active: dc1").waitFor();
    bench.fixture.show(makeView([{ ...failing, active: "dc2", epoch: 13, armed: false }]));
    await card(page, "orders").getByText("Active: dc2").waitFor();
    await card(page, "orders").getByText("epoch 13").waitFor();
    await page.getByTestId("announcer").getByText("orders: dc1 is Abnormal").waitFor({ state: "attached" });
    expect(await page.title()).toBe("(1) shop – Evenkeel");
  });

  it("remembers language and colours", async () => {
    await start();
    const page = await open();
    await page.getByText("中文").click();
    await page.getByRole("button", { name: "深色页面" }).click();
    await page.reload();
    await shown(page, "最近事件");
    expect(await page.locator("html").getAttribute("data-appearance")).toBe("dark");
    expect(await page.locator("html").getAttribute("lang")).toBe("zh-CN");
  });

  it("leads to one monitor by its link, and to an event with its time line", async () => {
    await start();
    const page = await open(`#/instances/${INSTANCE_ID}/monitors/mon_sessionsredis`);
    await shown(page, "One monitor is shown");
    expect(await page.getByRole("article").count()).toBe(1);
    await page.getByRole("link", { name: "Show all" }).click();
    await page.getByRole("button", { name: "Time line" }).click();
    await shown(page, "+1007 ms");
    await page.getByRole("link", { name: /dc1 failed 5 probes/ }).click();
    await page.getByRole("heading", { name: /dc1 failed 5 probes/ }).waitFor();
    await shown(page, "+1011 ms");
    await picture(page, "event");
  });

  it("lets a person find one of many by name, state and kind", async () => {
    const many = Array.from({ length: 30 }, (_, index) =>
      makeMonitor(`m-${index}`, index === 17 ? { state: "abnormal", kind: "redis" } : {}),
    );
    await start(makeView(many));
    const page = await open();
    await page.getByRole("article").nth(29).waitFor();
    await picture(page, "many");
    await page.getByRole("searchbox").fill("m-2");
    await expect.poll(() => page.getByRole("article").count()).toBe(11);
    await page.getByRole("button", { name: "Show all" }).click();
    await page.getByRole("button", { name: /Abnormal\s*1/ }).click();
    await expect.poll(() => page.getByRole("article").count()).toBe(1);
    await card(page, "m-17").waitFor();
  });
});

describe("what would happen now", () => {
  it("is explained at the protection: for the data centre and for its site, with everything that blocks it", async () => {
    await start(makeView([healthy]));
    bench.fixture.explanation = {
      monitorId: healthy.id,
      foretold: [
        {
          ...{ fault: "target-lost", lost: "dc1", level: "automatic", to: "dc2", decidesInMs: 5500 },
          because: because("PROT-automatic", { to: "dc2" }),
          blockers: [],
        },
        {
          ...{ fault: "site-lost", lost: "sit_dc100001", level: "one-click", to: "dc2", decidesInMs: 20_500 },
          because: because("ARB-13", { dc: "dc1", sites: "hangzhou" }),
          blockers: [
            because("ARB-13", { dc: "dc1", sites: "hangzhou" }),
            because("ARB-18", { dc: "dc1", home: "dc1" }),
          ],
        },
      ],
    };
    const page = await open();
    await card(page, "orders")
      .getByRole("button", { name: "What would happen, and what blocks it?" })
      .click();
    const explanation = page.getByRole("region", { name: "Explanation" });
    await explanation.getByText("If dc1 died now").waitFor();
    await explanation
      .getByText("It would be switched to dc2, decided 5.5 s after the fault at the earliest.")
      .waitFor();
    await explanation.getByText("Nothing stands in the way of an automatic switch.").waitFor();
    await explanation.getByText("If all of shanghai died now").waitFor();
    await explanation.getByText("A person could switch it to dc2 with one click.").waitFor();
    expect(await explanation.getByRole("listitem").count()).toBe(2);
    await picture(page, "explanation");
    // It speaks of the present: what stands in the way now is shown without a click.
    bench.fixture.explanation = {
      ...bench.fixture.explanation,
      foretold: bench.fixture.explanation.foretold.slice(0, 1),
    };
    await explanation.getByText("If all of shanghai died now").waitFor({ state: "detached" });
  });
});

describe("what an operator must not miss", () => {
  it("stands beside the monitor: who wanted a switch, stores that are owed, an open window", async () => {
    const until = makeView([]).atMs + 3_600_000;
    await start(
      makeView([
        makeMonitor("forced", {
          switching: { to: "dc2", epoch: 13, step: "verify", sinceMs: 900, kind: "force" },
        }),
        makeMonitor("owed", { owedStores: ["etcd-far"] }),
        makeMonitor("trailing", { processes: { total: 12, following: 9 } }),
        makeMonitor("followed", { processes: { total: 12, following: 12 } }),
        makeMonitor("serviced", { window: { fromMs: 1, untilMs: until, reason: "new disks" } }),
      ]),
    );
    const page = await open();
    await card(page, "forced").getByText("forced", { exact: true }).last().waitFor();
    await card(page, "owed").getByText("Store etcd-far does not have the present route yet").waitFor();
    const behind = "application processes do not follow the present route yet";
    await card(page, "trailing").getByText(`3 of 12 ${behind}`).waitFor();
    expect(await card(page, "followed").getByText(behind).count()).toBe(0);
    await card(page, "serviced")
      .getByText(/Maintenance until .* nothing switches by itself/)
      .waitFor();
    await card(page, "serviced").getByText("new disks").waitFor();
    await picture(page, "owed-and-window");
  });

  it("stands at a site that is lost, with the rule's sentence", async () => {
    const view = makeView([healthy]);
    const lost: LiveSite = {
      ...{ id: "sit_dc100001", name: "shanghai", kind: "data", state: "lost", unheardForMs: 24_000 },
      because: because("SITE-12", { site: "shanghai", unheardS: 24, others: "hangzhou and witness" }),
      active: [healthy.id],
    };
    const agents = view.agents.map((agent) =>
      agent.site === lost.id ? { ...agent, connected: false } : agent,
    );
    await start({ ...view, agents, sites: [lost, ...view.sites.slice(1)] });
    const page = await open();
    await shown(page, "Lost as a whole");
    await shown(page, "for 24 s");
    await picture(page, "lost-site");
  });

  it("stands at a finished switch: how long it took", async () => {
    const monitor = makeMonitor("orders", { active: "dc2" });
    await start(makeView([monitor], { events: [{ ...makeSwitchEvent(monitor), rtoMs: 1011 }] }));
    const page = await open();
    await shown(page, "recovered in 1.0 s");
    await page.getByRole("link", { name: /dc1 failed 5 probes/ }).click();
    await page.getByRole("heading", { name: /Time line\s+recovered in 1.0 s/ }).waitFor();
    const steps = page.getByLabel("Where the time went");
    await steps.getByText("noticed").waitFor();
    await steps.getByText("4 ms").waitFor();
  });
});

describe("a lost connection", () => {
  it("is said with the state's age, takes the colour and the buttons away, and heals by itself", async () => {
    await start(makeView([healthy]));
    const page = await open();
    await page.locator('main[data-line="live"]').waitFor();
    bench.fixture.alive = false;
    await page.locator('main[data-line="lost"]').waitFor();
    await shown(page, /Connection lost – this is the state of \d+ s ago/);
    await picture(page, "lost");
    expect(await card(page, "orders").getByRole("button", { name: "Switch to dc2" }).isDisabled()).toBe(true);
    const filter = await page.evaluate<string>(
      "getComputedStyle(document.querySelector('.monitors')).filter",
    );
    expect(filter).toBe("grayscale(1)");
    expect(await page.title()).toContain("Connection lost");
    // While nobody answers the button brings nothing, and afterwards the page is quicker than a hand.
    await page.getByRole("button", { name: "Reconnect now" }).click();
    await page.locator('main[data-line="lost"]').waitFor();
    bench.fixture.alive = true;
    await page.locator('main[data-line="live"]').waitFor();
    expect(await card(page, "orders").getByRole("button", { name: "Switch to dc2" }).isEnabled()).toBe(true);
  });

  it("of the WebSocket alone goes on by polling, and says so", async () => {
    await start(makeView([healthy]));
    bench.fixture.sockets = false;
    const page = await open();
    await page.locator('main[data-line="polling"]').waitFor();
    bench.fixture.show(makeView([{ ...healthy, active: "dc2", epoch: 13 }]));
    await card(page, "orders").getByText("Active: dc2").waitFor();
    bench.fixture.sockets = true;
    await page.locator('main[data-line="live"]').waitFor();
  });

  it("to the catalogue alone keeps the page and its buttons", async () => {
    await start(makeView([failing]));
    bench.fixture.catalogueDown = true;
    const page = await open();
    await shown(page, "The control plane cannot say who you are");
    await card(page, "orders").getByRole("button", { name: "Switch to dc2" }).click();
    await press(page, "Switch to dc2");
    await card(page, "orders").getByText("Done: dc2 is active").waitFor();
  });
});

describe("a switch", () => {
  const ask = async (view = makeView([failing]), to = "Switch to dc2") => {
    await start(view);
    const page = await open();
    await card(page, "orders").getByRole("button", { name: to }).click();
    await dialog(page).getByText("What to expect").waitFor();
    return page;
  };

  it("sends exactly the data centre and the epoch that the person saw, and shows the result", async () => {
    const page = await ask();
    await dialog(page).getByText("You decide on epoch 12").waitFor();
    await picture(page, "dialog");
    await press(page, "Switch to dc2");
    await card(page, "orders").getByText("Done: dc2 is active, epoch 13").waitFor();
    expect(bench.fixture.orders).toEqual([
      {
        type: "switch",
        monitorId: failing.id,
        body: { to: "dc2", expectedEpoch: 12, force: false, idempotencyKey: expect.any(String) },
      },
    ]);
    expect(await dialog(page).isVisible()).toBe(false);
  });

  it("away from a healthy side warns first", async () => {
    const page = await ask(makeView([healthy]));
    await dialog(page).getByText("dc1 is healthy and serves now").waitFor();
    await press(page, "Leave healthy dc1, switch to dc2");
    await card(page, "orders").getByText("Done").waitFor();
  });

  it("back home goes to the address of its own", async () => {
    const page = await ask(makeView([{ ...healthy, active: "dc2" }]), "Switch back to dc1");
    await press(page, "Leave healthy dc2, switch to dc1");
    await card(page, "orders").getByText("Done: dc1 is active").waitFor();
    expect(bench.fixture.orders[0]?.type).toBe("switch-back");
  });

  it("that is refused stays open with the reason, in the reader's language", async () => {
    await start(makeView([failing]));
    bench.fixture.answer = () => ({
      code: "switch-blocked",
      id: "candidate-unheard",
      params: { to: "dc2" },
    });
    const page = await open(undefined, { locale: "zh-CN" });
    await card(page, "orders").getByRole("button", { name: "切换到 dc2" }).click();
    await press(page, "切换到 dc2");
    await dialog(page).getByText("dc2 所在站点没有探针答复,无法确认 dc2").waitFor();
    bench.fixture.answer = null;
    await press(page, "切换到 dc2");
    await expect.poll(() => bench.fixture.orders.length).toBe(2);
    // A new decision gets a new key: the control plane would repeat its refusal to the old one.
    const [first, second] = bench.fixture.orders.map(({ body }) => body.idempotencyKey);
    expect(first).not.toBe(second);
  });

  it("by force takes an explicit tick and a reason", async () => {
    const broken = {
      ...healthy,
      dataCentres: [makeDataCentre("dc1"), makeCrashed("dc2")],
    } satisfies LiveMonitor;
    const page = await ask(makeView([broken]));
    await dialog(page).getByText("would be refused").waitFor();
    await dialog(page).getByLabel("Force the switch").check();
    const force = dialog(page).getByRole("button", { name: "Force to dc2" });
    expect(await force.isDisabled()).toBe(true);
    await dialog(page)
      .getByLabel(/I know that dc2 may not work/)
      .check();
    expect(await force.isDisabled()).toBe(true);
    await dialog(page).getByLabel("Reason").fill("   ");
    expect(await force.isDisabled()).toBe(true);
    await dialog(page).getByLabel("Reason").fill("dc1 loses power in five minutes");
    await picture(page, "force");
    await force.click();
    await card(page, "orders").getByText("Done").waitFor();
    expect(bench.fixture.orders[0]?.body).toMatchObject({
      force: true,
      reason: "dc1 loses power in five minutes",
    });
  });

  it("cannot be confirmed once the state changed under the dialog: look again first", async () => {
    const page = await ask();
    bench.fixture.show(makeView([{ ...failing, epoch: 14 }]));
    await dialog(page).getByText("The state changed while you were looking").waitFor();
    await picture(page, "changed");
    expect(await dialog(page).getByRole("button", { name: "Switch to dc2" }).count()).toBe(0);
    await press(page, "Look again");
    await dialog(page).getByText("You decide on epoch 14").waitFor();
    await press(page, "Switch to dc2");
    await card(page, "orders").getByText("Done").waitFor();
    expect(bench.fixture.orders.map(({ body }) => body.expectedEpoch)).toEqual([14]);
  });

  it("that comes too late (409) shows the new state and sends nothing again by itself", async () => {
    const page = await ask();
    // The change and the command cross each other on the wire.
    bench.fixture.answer = () => {
      bench.fixture.show(makeView([{ ...failing, epoch: 14 }]));
      return { code: "state-changed", id: "epoch-stale", params: { expected: 12, epoch: 14 } };
    };
    await press(page, "Switch to dc2");
    await dialog(page).getByText("You decided on epoch 12, the route has epoch 14").waitFor();
    bench.fixture.answer = null;
    await press(page, "Look again");
    await dialog(page).getByText("You decide on epoch 14").waitFor();
    expect(bench.fixture.orders).toHaveLength(1);
    await press(page, "Switch to dc2");
    await card(page, "orders").getByText("Done").waitFor();
    expect(bench.fixture.orders[1]?.body.expectedEpoch).toBe(14);
  });

  it("without an answer is not called failed, and is repeated as the same command", async () => {
    const page = await ask();
    bench.fixture.answer = () => "silence";
    await press(page, "Switch to dc2");
    await dialog(page).getByText("nobody knows whether it was carried out").waitFor();
    bench.fixture.answer = null;
    await press(page, "Send again (same command)");
    await card(page, "orders").getByText("Done").waitFor();
    expect(bench.fixture.orders[0]).toEqual(bench.fixture.orders[1]);
  });

  it("is not for those who may only look, and says why", async () => {
    await start(makeView([failing]));
    bench.fixture.role = "viewer";
    const page = await open();
    await card(page, "orders").getByText("Your role may look, not switch.").waitFor();
    expect(await card(page, "orders").getByRole("button", { name: "Switch to dc2" }).isDisabled()).toBe(true);
    expect(await card(page, "orders").getByRole("button", { name: "Change" }).count()).toBe(0);
  });

  it("can be done by keyboard alone", async () => {
    await start(makeView([failing]));
    const page = await open();
    await card(page, "orders").getByRole("button", { name: "Switch to dc2" }).focus();
    await page.keyboard.press("Enter");
    await dialog(page).getByText("What to expect").waitFor();
    await page.keyboard.press("Escape");
    await dialog(page).waitFor({ state: "hidden" });
    await page.keyboard.press("Enter");
    const confirm = dialog(page).getByRole("button", { name: "Switch to dc2" });
    await confirm.waitFor();
    const focused = () => page.evaluate<string>("document.activeElement?.textContent ?? ''");
    for (let tabs = 0; tabs < 10 && (await focused()) !== "Switch to dc2"; tabs += 1) {
      await page.keyboard.press("Tab");
    }
    expect(await focused()).toBe("Switch to dc2");
    await page.keyboard.press("Enter");
    await card(page, "orders").getByText("Done").waitFor();
  });
});

describe("other commands", () => {
  it("stop writes in a data centre, with a warning where it is active", async () => {
    await start(makeView([healthy]));
    const page = await open();
    await card(page, "orders").getByRole("button", { name: "Change" }).first().click();
    const confirm = dialog(page).getByRole("button", { name: "Set for dc1" });
    expect(await confirm.isDisabled()).toBe(true);
    await dialog(page).getByLabel("Writes allowed").uncheck();
    await dialog(page).getByText("dc1 is active: without writes").waitFor();
    await confirm.click();
    await card(page, "orders").getByText("write: stopped").waitFor();
    expect(bench.fixture.orders[0]).toMatchObject({
      type: "access",
      body: { dataCentre: "dc1", readable: true, writable: false, expectedEpoch: 12 },
    });
  });

  it("arm the automatic switch, with a reason", async () => {
    await start(makeView([{ ...healthy, armed: false }]));
    const page = await open();
    await card(page, "orders").getByRole("button", { name: "Arm now" }).click();
    expect(await dialog(page).getByRole("button", { name: "Arm now" }).isDisabled()).toBe(true);
    await dialog(page).getByLabel("Reason").fill("checked by hand");
    await press(page, "Arm now");
    await card(page, "orders").getByText("Armed", { exact: true }).waitFor();
    expect(bench.fixture.orders[0]).toMatchObject({ type: "arm", body: { reason: "checked by hand" } });
  });
});

describe("signing in", () => {
  it("asks for name and password, says what is wrong, and goes on to the page that was asked for", async () => {
    await start();
    bench.fixture.role = null;
    const page = await open(`#/instances/${INSTANCE_ID}/monitors/mon_sessionsredis`);
    await page.getByLabel("Name").fill("alice");
    await page.getByLabel("Password").first().fill("wrong");
    await picture(page, "sign-in");
    await page.getByRole("button", { name: "Sign in" }).click();
    await shown(page, "Name or password is wrong");
    await page.getByLabel("Password").first().fill(PASSWORD);
    await page.getByRole("button", { name: "Sign in" }).click();
    await card(page, "sessions-redis").waitFor();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("button", { name: "Sign in" }).waitFor();
  });

  it("by a one-time link works once and leaves no code in the address bar", async () => {
    await start();
    bench.fixture.role = null;
    const page = await open(`#/login?code=${LOGIN_CODE}`);
    await card(page, "sessions-redis").waitFor();
    expect(page.url()).not.toContain(LOGIN_CODE);
    bench.fixture.role = null;
    const again = await open(`#/login?code=${LOGIN_CODE}`);
    await shown(again, "The one-time link did not work");
    await again.getByLabel("Name").waitFor();
  });

  it("ends the page when the session ends", async () => {
    await start();
    const page = await open();
    await page.locator('main[data-line="live"]').waitFor();
    bench.fixture.role = null;
    bench.fixture.sockets = false;
    await page.getByRole("button", { name: "Sign in" }).waitFor();
  });
});
