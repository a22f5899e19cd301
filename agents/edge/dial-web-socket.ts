import { FRAME_MAX_BYTES } from "@evenkeel/contracts/agent-protocol";
import WebSocket from "ws";
import type { Dial } from "./edge-socket.ts";

/** A connection attempt may take so long, in milliseconds. */
const HANDSHAKE_MS = 5000;

/**
 * Dials the control plane by WebSocket.
 *
 * @param url base URL of the control plane
 * @param token the agent's token
 * @returns what opens one connection at a time
 */
export function dialWebSocket(url: string, token: string): Dial {
  const address = new URL("/api/v1/agents/connect", url);
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  return (events) => {
    const socket = new WebSocket(address.href, {
      headers: { authorization: `Bearer ${token}` },
      handshakeTimeout: HANDSHAKE_MS,
      maxPayload: FRAME_MAX_BYTES,
      perMessageDeflate: false,
    });
    let refusal = "";
    socket.on("open", () => events.onOpen());
    socket.on("message", (data, isBinary) => events.onText(isBinary ? null : String(data)));
    socket.on("error", (error) => {
      refusal = error.message;
    });
    socket.on("close", (code, reason) => {
      const words = [refusal, reason.toString()].filter((text) => text !== "").join("; ");
      events.onClosed(words === "" ? `closed with code ${code}` : words);
    });
    return {
      isOpen: () => socket.readyState === WebSocket.OPEN,
      backlogBytes: () => socket.bufferedAmount,
      send: (text) => socket.send(text),
      close: (code, reason) => socket.close(code, reason),
      terminate: () => socket.terminate(),
    };
  };
}
