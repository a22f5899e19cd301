import { Button } from "antd";
import { useId, useRef, useState } from "react";
import { useWords } from "../language/words-context.tsx";

/** Lines that are shown without scrolling. */
const ROWS_MAX = 30;

/** What came of the last press: copied, or only marked for the reader to copy. */
type Copied = "no" | "copied" | "selected";

/**
 * A text to take along, as it is, with a button that copies it. Where a page may not use the clipboard (without HTTPS, or
 * where the reader forbade it) the text is marked, and the reader's own keys copy it.
 */
export function CopyBlock(props: { readonly title: string; readonly text: string }) {
  const { t } = useWords();
  const { title, text } = props;
  const id = useId();
  const block = useRef<HTMLTextAreaElement>(null);
  const [copied, setCopied] = useState<{ readonly text: string; readonly how: Copied }>({ text, how: "no" });
  const how = copied.text === text ? copied.how : "no";
  const copy = async () => {
    block.current?.select();
    setCopied({ text, how: (await copyText(text)) ? "copied" : "selected" });
  };
  return (
    <section className="copy-block" aria-labelledby={id}>
      <div className="copy-head">
        <h4 id={id}>{title}</h4>
        <span role="status" className="hint">
          {how === "no" ? null : t(how === "copied" ? "sdk.copied" : "sdk.selected")}
        </span>
        <Button size="small" onClick={() => void copy()}>
          {t("sdk.copy")}
          <span className="unseen"> {title}</span>
        </Button>
      </div>
      <textarea
        ref={block}
        readOnly
        wrap="off"
        spellCheck={false}
        rows={Math.min(text.split("\n").length, ROWS_MAX)}
        aria-labelledby={id}
        value={text}
      />
    </section>
  );
}

/** @returns whether the text is in the clipboard */
async function copyText(text: string): Promise<boolean> {
  try {
    // There is no clipboard on pages without HTTPS, whatever the types say.
    await navigator.clipboard.writeText(text);
    return true;
  } catch (error) {
    console.info(`the clipboard cannot be used: ${String(error)}`);
    // The old way works where the new one is not there: it copies what is marked.
    return document.execCommand("copy");
  }
}
