import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback } from "react";
import { fetchSession, type Session, type Who } from "./api/session.ts";
import { EventPage } from "./pages/event-page.tsx";
import { HomePage } from "./pages/home-page.tsx";
import { InstancePage } from "./pages/instance-page.tsx";
import { RedeemPage } from "./pages/redeem-page.tsx";
import { SetUpPage } from "./pages/set-up-page.tsx";
import { SignInPage } from "./pages/sign-in-page.tsx";
import { Loading } from "./parts/loading.tsx";
import { goTo, useRoute } from "./routing/use-route.ts";

const SESSION_KEY = ["session"];
/** How often a session that could not be confirmed is asked for again, in milliseconds. */
const UNKNOWN_RETRY_MS = 10_000;

/** The console: who is there, and which page the address bar asks for. */
export function App() {
  const route = useRoute();
  const client = useQueryClient();
  const isEntering = route.page === "login" || route.page === "set-up";
  const session = useQuery({
    queryKey: SESSION_KEY,
    queryFn: fetchSession,
    // Asked beside a sign-in, the answer "nobody" could arrive after it and send the person out again.
    enabled: !isEntering,
    refetchInterval: (query) => (query.state.data?.type === "unknown" ? UNKNOWN_RETRY_MS : false),
  }).data;
  const setSession = useCallback(
    (next: Session) => client.setQueryData<Session>(SESSION_KEY, next),
    [client],
  );
  const enter = (who: Who) => {
    setSession({ type: "signed-in", who });
    // One-time codes must not stay in the address bar; a page that was asked for stays.
    if (isEntering) goTo("#/", true);
  };
  const leave = useCallback(() => setSession({ type: "signed-out" }), [setSession]);

  if (route.page === "set-up") return <SetUpPage token={route.token} onEnter={enter} />;
  if (route.page === "login") return <RedeemPage code={route.code} onEnter={enter} />;
  if (session === undefined) return <Loading />;
  if (session.type === "signed-out") return <SignInPage onEnter={enter} />;
  const common = { session, onSignedOut: leave };
  if (route.page === "instance") {
    const { instanceId, monitorId } = route;
    return <InstancePage key={instanceId} {...common} instanceId={instanceId} monitorId={monitorId} />;
  }
  if (route.page === "event") {
    return <EventPage {...common} instanceId={route.instanceId} eventId={route.eventId} />;
  }
  return <HomePage {...common} />;
}
