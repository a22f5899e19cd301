import { z } from "zod";
import { MonitorKind, Timing } from "./plan.ts";
import { RoutingAlgorithm } from "./sdk-config.ts";

/** A text in both languages of the console, as the API tells it. */
const Texts = z.object({ en: z.string(), "zh-CN": z.string() });
/** A JSON Schema (draft 2020-12) of settings; titles in both languages stand beside each. */
const SettingsSchema = z.record(z.string(), z.unknown());

/** A kind of monitor: what a monitor of it is made of, and what its account may need. */
export const KindView = z.object({
  kind: MonitorKind,
  title: Texts,
  defaultPort: z.number().int(),
  switchable: z.boolean(),
  hasRoute: z.boolean(),
  /** Timing of a new instance for this kind. */
  defaults: Timing,
  /** How applications reach its servers through the SDK; null: not at all. */
  sdk: z
    .object({
      /** The first one is the default. */
      algorithms: z.array(RoutingAlgorithm).min(1),
      readsReplicas: z.boolean(),
      measuresStaleness: z.boolean(),
      /** The package of the driver. */
      driver: z.string(),
      /** The lines of TypeScript that open a source from `evenkeel.yaml` and ask something once. */
      code: z.string(),
    })
    .nullable(),
  /** Statements that make the monitor's account with the least rights; null: it needs none. */
  account: z.string().nullable(),
  settings: z.object({
    /** The same in every data centre. */
    common: SettingsSchema,
    /** In each data centre. */
    target: SettingsSchema,
    /** Sealed to the agents. */
    secret: SettingsSchema,
  }),
  example: z.object({
    common: z.record(z.string(), z.unknown()),
    target: z.record(z.string(), z.unknown()),
    secret: z.record(z.string(), z.unknown()),
  }),
});
export type KindView = z.infer<typeof KindView>;
