import { useSyncExternalStore } from "react";
import { parseHash, type Route } from "./hash-route.ts";

function subscribe(listener: () => void): () => void {
  window.addEventListener("hashchange", listener);
  return () => window.removeEventListener("hashchange", listener);
}

/** The page that the address bar asks for; follows it. */
export function useRoute(): Route {
  const hash = useSyncExternalStore(subscribe, () => window.location.hash);
  return parseHash(hash);
}

/**
 * Goes to a page.
 *
 * @param hash address of the page, with its `#`
 * @param replace true: the present entry of the history is lost, as one-time codes should be
 */
export function goTo(hash: string, replace = false): void {
  if (!replace) {
    window.location.hash = hash;
    return;
  }
  window.history.replaceState(null, "", hash);
  window.dispatchEvent(new HashChangeEvent("hashchange"));
}
