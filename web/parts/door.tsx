import type { ReactNode } from "react";
import { Brand } from "./brand.tsx";
import { PreferenceButtons } from "./preference-buttons.tsx";

/** The frame of the pages before the sign-in. */
export function Door(props: { readonly title: string; readonly children: ReactNode }) {
  return (
    <main className="door">
      <div className="door-head">
        <Brand />
        <PreferenceButtons />
      </div>
      <h1>{props.title}</h1>
      {props.children}
    </main>
  );
}
