import type { LiveView } from "@evenkeel/contracts/live";
import { useEffect, useRef, useState } from "react";
import type { Words } from "../language/words.ts";
import { useWords } from "../language/words-context.tsx";
import { type Announcement, listChanges } from "../model/announce.ts";

/** Tells screen readers what changes: states politely, the loss of the line at once. */
export function Announcer(props: { readonly view: LiveView; readonly lost: boolean }) {
  const words = useWords();
  const { view, lost } = props;
  const before = useRef(view);
  const wasLost = useRef(lost);
  const [text, setText] = useState("");
  useEffect(() => {
    if (before.current === view) return;
    const changes = listChanges(before.current, view);
    before.current = view;
    if (changes.length > 0) setText(changes.map((change) => renderAnnouncement(change, words)).join(". "));
  }, [view, words]);
  useEffect(() => {
    if (wasLost.current === lost) return;
    wasLost.current = lost;
    if (!lost) setText(words.t("announce.live"));
  }, [lost, words]);
  return (
    <>
      <div className="unseen" aria-live="polite" data-testid="announcer">
        {text}
      </div>
      <div className="unseen" aria-live="assertive">
        {lost ? words.t("announce.lost") : ""}
      </div>
    </>
  );
}

function renderAnnouncement({ message, state }: Announcement, words: Words): string {
  const filled = state === undefined ? message.values : { ...message.values, state: words.show(state) };
  return words.show({ id: message.id, ...(filled === undefined ? {} : { values: filled }) });
}
