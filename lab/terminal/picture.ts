import type { LiveMonitor, LiveView } from "@evenkeel/contracts/live";
import type { ShopSummary } from "../shop/shop-feed.ts";

/** What the picture is drawn from; null: the control plane does not answer. */
export interface PictureInput {
  readonly view: LiveView | null;
  /** Since when the control plane has not answered, in seconds. */
  readonly silentForS: number;
  readonly shop: Readonly<Record<string, ShopSummary>>;
  /** Processes that do not run as they should, by name. */
  readonly troubled: readonly { readonly name: string; readonly state: string }[];
  readonly url: string;
  readonly message: string;
  readonly width: number;
}

const COLOURS = { green: 32, red: 31, yellow: 33, grey: 90, bold: 1, cyan: 36 } as const;
type Colour = keyof typeof COLOURS;

const paint = (colour: Colour, text: string) => `\u001b[${COLOURS[colour]}m${text}\u001b[0m`;

const STATE_COLOUR: Record<LiveMonitor["state"], Colour> = {
  normal: "green",
  abnormal: "red",
  "init-failed": "yellow",
  misconfigured: "grey",
  unreachable: "grey",
  init: "grey",
  paused: "grey",
};

/**
 * Draws the lab as lines of text with ANSI colours: who is active, states with reasons, epochs, protection, the shop.
 *
 * @param input what is known
 * @returns lines, none wider than the terminal
 */
export function drawPicture(input: PictureInput): string[] {
  const { view } = input;
  const head =
    view === null
      ? paint(
          "red",
          `the control plane has not answered for ${input.silentForS} s: nothing moves, the shop goes on`,
        )
      : drawAgents(view);
  const monitors =
    view === null ? [] : view.monitors.flatMap((monitor) => [...drawMonitor(view, monitor), ""]);
  return [
    `${paint("bold", "Evenkeel lab")}   console ${paint("cyan", input.url)}   keys ${paint("bold", "?")}`,
    head,
    "",
    ...monitors,
    ...Object.entries(input.shop).map(([engine, summary]) => drawShop(engine, summary)),
    ...input.troubled.map((process) => paint("yellow", `${process.name} ${process.state}`)),
    "",
    ...(view === null ? [] : drawEvents(view)),
    "",
    input.message,
  ].map((line) => cut(line, input.width));
}

function drawAgents(view: LiveView): string {
  const agents = view.agents.map((agent) => {
    const state = agent.connected
      ? agent.illness === null
        ? "ok"
        : `doubts itself: ${agent.illness}`
      : "gone";
    return `${agent.name} ${paint(state === "ok" ? "green" : "red", state)}`;
  });
  const stores = view.stores.map(
    (store) => `etcd ${store.reachable ? paint("green", "ok") : paint("red", store.words)}`,
  );
  return [`mode ${view.settings.mode}`, ...agents, ...stores].join("   ");
}

function drawMonitor(view: LiveView, monitor: LiveMonitor): string[] {
  const site = (id: string) => view.sites.find((one) => one.id === id)?.name ?? id;
  const where = monitor.active === monitor.home ? "home" : "away from home";
  const active = monitor.switchable
    ? `active ${paint("bold", monitor.active)} (${where})   epoch ${monitor.epoch}   `
    : "";
  const { targetLost } = monitor.protection;
  const shield = `${targetLost.level}${targetLost.level === "automatic" ? "" : `: ${targetLost.because.text}`}`;
  const moving =
    monitor.switching === null
      ? ""
      : paint("yellow", `   switching to ${monitor.switching.to}, step ${monitor.switching.step}`);
  const title = `${paint("bold", monitor.name)}   ${active}protection ${shield}${moving}`;
  const rows = monitor.dataCentres.map((dc) => {
    const mark = dc.name === monitor.active ? "▶" : " ";
    const votes = Object.entries(dc.votes)
      .map(([id, vote]) => `${site(id)} ${vote}`)
      .join(", ");
    const flags = `${dc.readable ? "r" : "-"}${dc.writable ? "w" : "-"}`;
    return `  ${mark} ${dc.name} ${paint(STATE_COLOUR[dc.state], dc.state.padEnd(13))} ${flags}  ${dc.words}  [${votes}]`;
  });
  return [title, ...rows];
}

function drawShop(engine: string, shop: ShopSummary): string {
  const rate =
    shop.perSecond === 0 ? paint("red", "0 orders/s") : paint("green", `${shop.perSecond} orders/s`);
  const follows = `follows ${shop.active ?? "no route"}, epoch ${shop.epoch ?? "–"}${shop.storeConnected ? "" : ", route store not reached"}`;
  const last = shop.lastError === null ? "" : `   last error ${shop.lastError}`;
  return `shop on ${engine.padEnd(11)} ${rate}   ${shop.placed} placed, ${shop.failed} failed   ${follows}${last}`;
}

/** Events that the picture has room for. */
const EVENTS_SHOWN = 6;

function drawEvents(view: LiveView): string[] {
  return view.events.slice(0, EVENTS_SHOWN).map((event) => {
    const time = new Date(event.atMs).toLocaleTimeString("en-GB");
    const name = view.monitors.find((monitor) => monitor.id === event.monitorId)?.name ?? "";
    const line = `${time} ${name} ${event.because.text}`;
    return event.level === "critical" ? paint("red", line) : paint("grey", line);
  });
}

/** Cuts a line to a width, counting what is visible only. */
function cut(line: string, width: number): string {
  let visible = 0;
  let at = 0;
  while (at < line.length && visible < width) {
    const escapeEnd = line.startsWith("\u001b[", at) ? line.indexOf("m", at) : -1;
    if (escapeEnd >= 0) at = escapeEnd + 1;
    else {
      at += 1;
      visible += 1;
    }
  }
  return at >= line.length ? line : `${line.slice(0, at)}\u001b[0m`;
}
