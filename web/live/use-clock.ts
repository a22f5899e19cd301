import { useEffect, useState } from "react";

/** How often ages on the screen move on. */
const TICK_MS = 500;

/** The present on the monotonic clock, in ms; moves on twice a second, and at once when the page becomes visible. */
export function useClock(): number {
  const [nowMs, setNowMs] = useState(() => performance.now());
  useEffect(() => {
    const tick = () => setNowMs(performance.now());
    const timer = setInterval(tick, TICK_MS);
    document.addEventListener("visibilitychange", tick);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", tick);
    };
  }, []);
  return nowMs;
}
