import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { LiveView } from "@evenkeel/contracts/live";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect } from "vitest";
import { type BuiltConsole, buildConsole, launchBrowser, openPage, type WatchedPage } from "./browser.ts";
import { type ConsoleFixture, startConsoleFixture } from "./console-fixture.ts";
import { INSTANCE_ID, makeNightView } from "./fixture-views.ts";

/** Set to a folder to keep pictures of the pages. */
const PICTURES = process.env.EVENKEEL_PICTURES;

/** The built console, a browser, and one control plane for each test. */
export interface ConsoleBench {
  readonly built: BuiltConsole;
  /** The control plane of the present test. */
  readonly fixture: ConsoleFixture;
  /** Starts the control plane; default: the picture of a night. */
  readonly start: (view?: LiveView) => Promise<void>;
  /** Opens the console; default: the page of the instance. */
  readonly open: (hash?: string, options?: BrowserContextOptions) => Promise<Page>;
  /** Opens an empty page. */
  readonly openBlank: () => Promise<Page>;
}

/**
 * Builds the console once for a file of tests. After each test its pages are closed, and whatever went wrong in them
 * fails it: uncaught errors, errors that React reports, violations of the content security policy.
 */
export function useConsoleBench(): ConsoleBench {
  let built: BuiltConsole | null = null;
  let browser: Browser | null = null;
  let fixture: ConsoleFixture | null = null;
  let opened: WatchedPage[] = [];
  const need = <T>(thing: T | null): T => {
    if (thing === null) throw new Error("the bench is used outside of a test");
    return thing;
  };
  beforeAll(async () => {
    [built, browser] = await Promise.all([buildConsole(), launchBrowser()]);
  });
  afterAll(async () => {
    await browser?.close();
    built?.remove();
  });
  afterEach(async () => {
    const faults = opened.flatMap((one) => one.faults);
    await Promise.all(opened.map(({ page }) => page.context().close()));
    opened = [];
    await fixture?.close();
    fixture = null;
    expect(faults).toEqual([]);
  });
  const openUrl = async (url: string, options: BrowserContextOptions = {}) => {
    const watched = await openPage(need(browser), url, options);
    opened.push(watched);
    return watched.page;
  };
  return {
    get built() {
      return need(built);
    },
    get fixture() {
      return need(fixture);
    },
    start: async (view = makeNightView()) => {
      fixture = await startConsoleFixture(need(built).folder, view, 0);
    },
    open: (hash = `#/instances/${INSTANCE_ID}`, options = {}) =>
      openUrl(`${need(fixture).url}/${hash}`, options),
    openBlank: () => openUrl("about:blank"),
  };
}

/**
 * Keeps a picture of a page where a person asked for pictures.
 *
 * @param page the page
 * @param name name of the file without its ending
 * @param fullPage false: only what a screen shows
 */
export async function picture(page: Page, name: string, fullPage = true): Promise<void> {
  if (PICTURES === undefined) return;
  mkdirSync(PICTURES, { recursive: true });
  await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage });
}

/** The card of a monitor. */
export const card = (page: Page, name: string) => page.getByRole("article", { name });
/** The dialog that is open. */
export const dialog = (page: Page) => page.getByRole("dialog");
/** Presses a button of the dialog. */
export const press = (page: Page, name: string) => dialog(page).getByRole("button", { name }).click();
/** Waits for a text. */
export const shown = (page: Page, text: string | RegExp) => page.getByText(text).first().waitFor();
