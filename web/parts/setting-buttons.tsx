import { Button } from "antd";
import { useWords } from "../language/words-context.tsx";
import type { Wish } from "./monitor-card.tsx";

/** Opens what is set of a monitor: its maintenance windows, and what applications are told of it. */
export function SettingButtons(props: {
  readonly monitorId: string;
  /** Whether the person may change settings; what applications are told may be read by all. */
  readonly configures: boolean;
  readonly trusted: boolean;
  readonly onWish: (wish: Wish) => void;
}) {
  const { t } = useWords();
  const { monitorId, configures, onWish } = props;
  return (
    <>
      {configures ? (
        <Button disabled={!props.trusted} onClick={() => onWish({ type: "maintain", monitorId })}>
          {t("window.offer")}
        </Button>
      ) : null}
      <Button onClick={() => onWish({ type: "sdk", monitorId, configures })}>{t("sdk.offer")}</Button>
    </>
  );
}
