import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InstanceView, MonitorView, NamespaceView } from "@evenkeel/contracts/api";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { z } from "zod";
import { buildConsole } from "../../lab/build-console.ts";
import { prepareControlPlane, waitUntilReady } from "../../lab/control-plane.ts";
import { launchBrowser, openPage } from "./browser.ts";

const SETUP_TOKEN = "set-up-token-of-this-test";
const OWNER = { name: "ada", password: "a long enough password" };

let browser: Browser | undefined;
let control: ChildProcess | undefined;
let url: string;
const stateDir = mkdtempSync(join(tmpdir(), "evenkeel-console-e2e-"));

beforeAll(async () => {
  await buildConsole(() => undefined);
  const port = await findFreePort();
  url = `http://127.0.0.1:${port}`;
  const prepared = await prepareControlPlane({ stateDir, port, vars: { EVENKEEL_SETUP_TOKEN: SETUP_TOKEN } });
  control = spawn(prepared.command, prepared.args, {
    cwd: prepared.cwd,
    env: { ...process.env, ...prepared.env },
    stdio: "ignore",
  });
  expect(await waitUntilReady(url)).toBe(true);
  browser = await launchBrowser();
});

afterAll(async () => {
  await browser?.close();
  const running = control;
  if (running !== undefined) {
    const ended = new Promise((resolve) => running.once("exit", resolve));
    running.kill("SIGKILL");
    await ended;
  }
  rmSync(stateDir, { recursive: true, force: true });
});

async function findFreePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** Creates something through the API with the browser's own session. */
async function create<Schema extends z.ZodType>(
  page: Page,
  path: string,
  body: object,
  schema: Schema,
): Promise<z.infer<Schema>> {
  const response = await page.request.post(`${url}/api/v1${path}`, { data: body, headers: { origin: url } });
  const text = await response.text();
  expect(response.status(), text).toBe(201);
  return schema.parse(JSON.parse(text));
}

it("sets the owner up, follows an instance live, and shows why the real control plane refuses a switch", async () => {
  if (browser === undefined || control === undefined) throw new Error("the set-up failed");
  const { page, faults } = await openPage(browser, `${url}/#/setup?token=${SETUP_TOKEN}`);
  await page.getByLabel("Name").fill(OWNER.name);
  await page.getByLabel("Password").fill(OWNER.password);
  await page.getByRole("button", { name: "Create the owner and sign in" }).click();
  await page.getByText("There is no instance yet").waitFor();
  expect(page.url()).not.toContain(SETUP_TOKEN);

  const partition = { name: "somewhere" };
  const namespace = await create(
    page,
    "/namespaces",
    { name: "retail", primary: partition, standby: partition },
    NamespaceView,
  );
  const instance = await create(
    page,
    "/instances",
    { namespaceId: namespace.id, name: "shop" },
    InstanceView,
  );
  const base = `/instances/${instance.id}`;
  await page.reload();
  await page.locator('main[data-line="live"]').waitFor();
  await page.getByRole("heading", { name: "shop" }).waitFor();
  await page.getByText("This instance has no monitor yet.").waitFor();

  // From here on everything arrives by the WebSocket.
  const Created = z.object({ id: z.string() });
  for (const name of ["dc1", "dc2"]) await create(page, `${base}/sites`, { name, kind: "data" }, Created);
  const application = await create(page, `${base}/applications`, { name: "orders" }, Created);
  const monitor = {
    kind: "redis",
    name: "sessions",
    applicationId: application.id,
    dataCentres: ["dc1", "dc2"].map((name) => ({ name, site: name, config: { address: "127.0.0.1:1" } })),
  };
  await create(page, `${base}/monitors`, monitor, MonitorView);
  const card = page.getByRole("article", { name: "sessions" });
  await card.getByText("Active: dc1").waitFor();
  await card.getByText("Starting").first().waitFor();

  await card.getByRole("button", { name: "Switch to dc2" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("No agent is connected: nobody can write the route").waitFor();
  await dialog.getByRole("button", { name: "Switch to dc2" }).click();
  await dialog.getByText("No agent is connected, so nothing can be switched").waitFor();
  await dialog.getByRole("button", { name: "Cancel" }).click();

  await create(page, `${base}/monitors`, { ...monitor, name: "baskets" }, MonitorView);
  await page.getByRole("article", { name: "baskets" }).waitFor();
  await page.getByRole("button", { name: "Switch many …" }).click();
  await dialog.getByRole("button", { name: /^Switch 2 monitors/ }).click();
  await dialog.getByText("0 moved, 0 on their way, 2 not moved").waitFor();
  await dialog.getByRole("button", { name: "Close" }).last().click();
  await dialog.waitFor({ state: "hidden" });

  await card.getByRole("button", { name: "Maintenance …" }).click();
  await dialog.getByLabel("Reason").fill("new disks");
  await dialog.getByRole("button", { name: "Begin maintenance" }).click();
  await dialog.getByText("Stored.").waitFor();
  await card.getByText(/Maintenance until .* nothing switches by itself/).waitFor();
  await dialog.getByRole("button", { name: "End now" }).click();
  await card.getByText(/Maintenance until/).waitFor({ state: "detached" });
  await dialog.locator(".ant-modal-footer button").click();
  await dialog.waitFor({ state: "hidden" });

  await card.getByRole("button", { name: "SDK configuration …" }).click();
  const yaml = dialog.getByRole("textbox", { name: "evenkeel.yaml" });
  await yaml.waitFor();
  await dialog.getByLabel("Routing algorithm").click();
  await page
    .locator(".ant-select-item-option")
    .filter({ hasText: "Single read, async double write" })
    .click();
  await dialog.getByRole("button", { name: "Store for everybody" }).click();
  await dialog.getByText("Stored.").waitFor();
  await expect.poll(() => yaml.inputValue()).toContain("algorithm: single-read-async-double-write");
  await dialog.locator(".ant-modal-footer button").first().click();
  await dialog.waitFor({ state: "hidden" });

  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByLabel("Name").fill(OWNER.name);
  await page.getByLabel("Password").first().fill(OWNER.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await card.waitFor();

  control.kill("SIGSTOP");
  await page.locator('main[data-line="lost"]').waitFor();
  control.kill("SIGCONT");
  await page.locator('main[data-line="live"]').waitFor();
  expect(faults).toEqual([]);
});
