import { Modal } from "antd";
import { type ReactNode, useEffect, useState } from "react";
import { useWords } from "../language/words-context.tsx";

/** Width of a dialog on a wide screen, in pixels. */
const WIDTH_PX = 640;

/** The window of every confirmation. */
export function Confirmation(props: {
  readonly title: string;
  readonly onClose: () => void;
  readonly footer: ReactNode;
  readonly children: ReactNode;
}) {
  const { t } = useWords();
  useFocusBack();
  return (
    <Modal
      open
      title={props.title}
      width={WIDTH_PX}
      className="confirmation"
      onCancel={props.onClose}
      closable={{ "aria-label": t("dialog.close") }}
      mask={{ closable: false }}
      // antd locks the page with a style that bears no nonce; styles/dialog.css does it instead.
      scrollLock={false}
      footer={props.footer}
    >
      <div className="dialog">{props.children}</div>
    </Modal>
  );
}

/** Gives the focus back to the button that opened the dialog: it is taken away at once, before antd would do so. */
function useFocusBack(): void {
  const [opener] = useState(() => document.activeElement);
  useEffect(
    () => () => {
      if (opener instanceof HTMLElement) opener.focus();
    },
    [opener],
  );
}
