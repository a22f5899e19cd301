import type { Dial } from "../../agents/edge/edge-socket.ts";
import type { KnownAgent } from "../../durable-objects/instance/ports.ts";
import type { Network } from "./network.ts";
import type { Timeline } from "./timeline.ts";
import type { VirtualInstance } from "./virtual-instance.ts";
import { openVirtualSocket, type VirtualSocket } from "./virtual-socket.ts";

/** A handshake that is not answered ends after so long, as the agent's own does; virtual milliseconds. */
const HANDSHAKE_MAX_MS = 5000;
/** A handshake takes so long, in virtual milliseconds. */
const HANDSHAKE_MS = 4;

/** The doors of the control plane, and who stands in them. */
export interface Doors {
  readonly timeline: Timeline;
  readonly network: Network;
  /** Every open socket. */
  readonly sockets: Set<VirtualSocket>;
  /** Sites whose token is refused. */
  readonly refused: Set<string>;
  /** Since when each agent is connected, and to which object, by agent id. */
  readonly connected: Map<string, { readonly atMs: number; readonly instance: VirtualInstance }>;
  /** The object that a site's agents are led to at present. */
  readonly instanceFor: (site: string) => VirtualInstance;
}

/**
 * Makes an agent's way to open a WebSocket to the control plane.
 *
 * @param doors the control plane's doors
 * @param agent who connects
 */
export function createDial(doors: Doors, agent: KnownAgent): Dial {
  const { timeline, network, sockets, refused, connected } = doors;
  return (events) => {
    let socket: VirtualSocket | null = null;
    let over = false;
    const end = (words: string) => {
      if (over) return;
      over = true;
      endHandshake();
      if (socket !== null) {
        socket.clientOpen = false;
        connected.delete(agent.id);
      }
      timeline.after(0, () => events.onClosed(words));
    };
    const endHandshake = timeline.after(HANDSHAKE_MAX_MS, () => end("the handshake took too long"));
    const accept = () => {
      const instance = doors.instanceFor(agent.site);
      const path = {
        up: () => network.ways(agent.site).up,
        down: () => network.ways(agent.site).down,
        site: agent.site,
        latencyMs: agent.site === "sw" ? 5 : 2,
      };
      const opened = openVirtualSocket(
        timeline,
        path,
        { onText: events.onText, onClosed: end },
        {
          onText: (text) => instance.take(opened, text),
          onClosed: () => {
            sockets.delete(opened);
            instance.ended(opened);
          },
        },
      );
      socket = opened;
      sockets.add(opened);
      connected.set(agent.id, { atMs: timeline.now(), instance });
      instance.accept(opened, agent);
      timeline.after(path.latencyMs, events.onOpen);
    };
    timeline.after(HANDSHAKE_MS, () => {
      if (over || network.openSinceMs(agent.site) === null) return;
      endHandshake();
      if (refused.has(agent.site)) end("Unexpected server response: 401");
      else accept();
    });
    return {
      isOpen: () => !over && socket?.clientOpen === true,
      backlogBytes: () => 0,
      send: (text) => socket?.sendUp(text),
      close: (_code, reason) => {
        socket?.cut(reason);
        end(reason);
      },
      terminate: () => {
        socket?.cut("terminated");
        end("terminated");
      },
    };
  };
}
