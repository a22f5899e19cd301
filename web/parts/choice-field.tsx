import { Select } from "antd";
import { Field } from "./field.tsx";

/** A labelled choice of one thing among a few. */
export function ChoiceField<Value extends string>(props: {
  readonly label: string;
  readonly hint?: string;
  readonly value: Value;
  readonly options: readonly { readonly value: Value; readonly label: string }[];
  readonly onChange: (value: Value) => void;
}) {
  const { value, options, onChange, ...field } = props;
  return (
    <Field
      {...field}
      render={(id) => <Select id={id} value={value} options={[...options]} onChange={onChange} />}
    />
  );
}
