import CheckCircleFilled from "@ant-design/icons/CheckCircleFilled";
import CloseCircleFilled from "@ant-design/icons/CloseCircleFilled";
import DisconnectOutlined from "@ant-design/icons/DisconnectOutlined";
import LoadingOutlined from "@ant-design/icons/LoadingOutlined";
import PauseCircleFilled from "@ant-design/icons/PauseCircleFilled";
import ToolFilled from "@ant-design/icons/ToolFilled";
import WarningFilled from "@ant-design/icons/WarningFilled";
import type { TargetState } from "@evenkeel/contracts/live";
import { useWords } from "../language/words-context.tsx";
import { STATE_MEANINGS, STATE_WORDS } from "../model/state-look.ts";

const ICONS = {
  normal: CheckCircleFilled,
  abnormal: CloseCircleFilled,
  "init-failed": WarningFilled,
  misconfigured: ToolFilled,
  unreachable: DisconnectOutlined,
  init: LoadingOutlined,
  paused: PauseCircleFilled,
} as const;

/** A state as icon, word and colour: never colour alone. */
export function StateBadge(props: { readonly state: TargetState; readonly count?: number }) {
  const { t } = useWords();
  const { state, count } = props;
  const Icon = ICONS[state];
  return (
    <span className={`state state-${state}`} title={t(STATE_MEANINGS[state])}>
      <Icon aria-hidden spin={false} />
      <span>{t(STATE_WORDS[state])}</span>
      {count === undefined ? null : <b>{count}</b>}
    </span>
  );
}
