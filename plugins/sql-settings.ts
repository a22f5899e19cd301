import { z } from "zod";
import { createAddressSchema } from "./address.ts";
import { createSettings, describeSecret, describeSetting } from "./settings.ts";
import { TLS_MERGED, TLS_SECRET, Tls } from "./tls.ts";

/** Databases that one monitor may be connected to. */
const CONNECTED_MAX = 20;
/** Longest name of a user or database: PostgreSQL cuts at 63 bytes, MySQL at 64 and 32 (users). */
const NAME_MAX = 64;
const PASSWORD_MAX = 200;

const Name = z
  .string("must be a name")
  .trim()
  .min(1, "must not be empty")
  .max(NAME_MAX, `must have at most ${NAME_MAX} characters`);

/** Settings of a SQL kind that hold in every data centre. */
export const SqlCommon = createSettings({
  user: Name.meta(
    describeSetting(
      ["User", "用户"],
      [
        "The monitor's own account: read-only, the same in every data centre.",
        "监控专用的只读账号，各数据中心相同。",
      ],
    ),
  ),
  monitoredDatabase: Name.meta(
    describeSetting(
      ["Monitored database", "监控数据库"],
      ["The database that probes connect to: its own, read-only.", "探测所连接的专用只读数据库。"],
    ),
  ),
  connectedDatabases: z
    .array(Name, "must be a list of names")
    .min(1, "must name at least one database")
    .max(CONNECTED_MAX, `must name at most ${CONNECTED_MAX} databases`)
    .refine((names) => new Set(names).size === names.length, "must not name a database twice")
    .meta(
      describeSetting(
        ["Connected databases", "连接数据库"],
        [
          "The databases that applications use, the same names in every data centre.",
          "应用所使用的数据库，各数据中心名称相同。",
        ],
      ),
    ),
});

/** What is sealed of a SQL kind. */
export const SqlSecret = createSettings({
  password: z
    .string("must be a text")
    .max(PASSWORD_MAX, `must have at most ${PASSWORD_MAX} characters`)
    .optional()
    .meta(describeSecret(["Password", "密码"])),
  ...TLS_SECRET,
});

/**
 * Makes the schema of one data centre of a SQL kind.
 *
 * @param port the engine's default port
 */
export function createSqlTarget(port: number) {
  return createSettings({ address: createAddressSchema(port), tls: Tls });
}

/** Settings of a SQL target, merged, as a session and a judge read them. */
export const SqlSettings = z.object({
  user: z.string(),
  monitoredDatabase: z.string(),
  connectedDatabases: z.array(z.string()),
  address: z.string(),
  ...TLS_MERGED,
  password: z.string().optional(),
});
/** Settings of a SQL target, merged. */
export type SqlSettings = z.infer<typeof SqlSettings>;
