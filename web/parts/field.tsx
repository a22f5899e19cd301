import { type ReactNode, useId } from "react";

/** A labelled input of a form; `render` gets the id that ties the two together. */
export function Field(props: {
  readonly label: string;
  readonly hint?: string;
  readonly render: (id: string) => ReactNode;
}) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{props.label}</label>
      {props.render(id)}
      {props.hint === undefined ? null : <p className="hint">{props.hint}</p>}
    </div>
  );
}
