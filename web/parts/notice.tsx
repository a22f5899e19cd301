import CheckCircleFilled from "@ant-design/icons/CheckCircleFilled";
import CloseCircleFilled from "@ant-design/icons/CloseCircleFilled";
import ExclamationCircleFilled from "@ant-design/icons/ExclamationCircleFilled";
import InfoCircleFilled from "@ant-design/icons/InfoCircleFilled";
import type { ReactNode } from "react";

const ICONS = {
  good: CheckCircleFilled,
  info: InfoCircleFilled,
  warning: ExclamationCircleFilled,
  error: CloseCircleFilled,
} as const;

/** A boxed remark with an icon; `live` has it read aloud when it appears. */
export function Notice(props: {
  readonly tone: keyof typeof ICONS;
  readonly title?: ReactNode;
  readonly children?: ReactNode;
  readonly actions?: ReactNode;
  readonly live?: boolean;
}) {
  const Icon = ICONS[props.tone];
  return (
    <div className={`notice notice-${props.tone}`} role={props.live === true ? "alert" : undefined}>
      <Icon className="notice-icon" aria-hidden />
      <div className="notice-body">
        {props.title === undefined ? null : <p className="notice-title">{props.title}</p>}
        {props.children === undefined ? null : <div>{props.children}</div>}
      </div>
      {props.actions === undefined ? null : <div className="notice-actions">{props.actions}</div>}
    </div>
  );
}
