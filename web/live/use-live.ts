import { useEffect, useMemo, useSyncExternalStore } from "react";
import { fetchLive, instancePath } from "../api/instances.ts";
import { API_ROOT } from "../api/request.ts";
import { LiveConnection } from "./live-connection.ts";
import type { LiveSocket, LiveState, SocketListener } from "./live-line.ts";

/** The picture of an instance, and the means to renew it at once. */
export interface Live {
  readonly state: LiveState;
  /** Tries to reconnect now. */
  readonly retryNow: () => void;
  /** Gets the present picture; resolves when it is there or failed. */
  readonly refresh: () => Promise<void>;
}

/**
 * Follows an instance while the page is open.
 *
 * @param instanceId the instance
 * @param onSignedOut called when the session is over; must not change between renders
 */
export function useLive(instanceId: string, onSignedOut: () => void): Live {
  const connection = useMemo(
    () =>
      new LiveConnection({
        openSocket: (listener) => openSocket(renderSocketUrl(instanceId), listener),
        poll: () => fetchLive(instanceId),
        now: () => performance.now(),
        random: () => Math.random(),
        onSignedOut,
      }),
    [instanceId, onSignedOut],
  );
  useEffect(() => {
    connection.start();
    const retry = () => {
      if (document.visibilityState === "visible") connection.retryNow();
    };
    document.addEventListener("visibilitychange", retry);
    window.addEventListener("online", retry);
    return () => {
      document.removeEventListener("visibilitychange", retry);
      window.removeEventListener("online", retry);
      connection.stop();
    };
  }, [connection]);
  const state = useSyncExternalStore(connection.subscribe, connection.getState);
  return useMemo(
    () => ({
      state,
      retryNow: () => connection.retryNow(),
      refresh: () => connection.refresh(),
    }),
    [state, connection],
  );
}

function renderSocketUrl(instanceId: string): string {
  const url = new URL(`${API_ROOT}${instancePath(instanceId, "/live/socket")}`, window.location.href);
  url.protocol = url.protocol.replace("http", "ws");
  url.hash = "";
  return url.href;
}

function openSocket(url: string, listener: SocketListener): LiveSocket {
  const socket = new WebSocket(url);
  const end = new AbortController();
  const { signal } = end;
  socket.addEventListener("open", () => listener.opened(), { signal });
  socket.addEventListener("close", () => listener.closed(), { signal });
  socket.addEventListener("message", ({ data }) => listener.received(data), { signal });
  return {
    send: (text) => socket.send(text),
    close: () => {
      end.abort();
      socket.close();
    },
  };
}
