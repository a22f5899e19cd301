import { z } from "zod";

/** Members that a cluster may have, and applications that one call may name. */
const MEMBERS_MAX = 9;
const APPLICATIONS_MAX = 200;

const ID = /^[A-Za-z0-9_-]{1,64}$/;

/** What `etcd init` sets up. */
export interface InitOptions {
  readonly directory: string;
  /** Client URLs of the members, all https or all http. */
  readonly endpoints: readonly URL[];
  readonly instance: string;
  readonly applications: readonly string[];
  readonly masMirror: boolean;
}

const Values = z.object({
  dir: z.string("--dir is missing: a directory for certificates and passwords").min(1),
  endpoints: z
    .string("--endpoints is missing: the members' client URLs with commas between")
    .transform((text, context) => {
      const urls = text.split(",").flatMap((one) => readEndpoint(one.trim()) ?? []);
      const isWhole = urls.length === text.split(",").length && urls.length <= MEMBERS_MAX;
      if (isWhole && new Set(urls.map((url) => url.protocol)).size === 1) return urls;
      context.addIssue(
        `--endpoints is to be https://host:port, up to ${MEMBERS_MAX} of them with commas between, or all of them http`,
      );
      return z.NEVER;
    }),
  instance: z.string("--instance is missing: the instance's id").regex(ID, "--instance is to be an id"),
  application: z
    .array(z.string().regex(ID, "--application is to be an id"))
    .max(APPLICATIONS_MAX, `--application can be named ${APPLICATIONS_MAX} times at most`)
    .default([]),
  "mas-mirror": z.boolean().default(false),
});

/**
 * Reads what the command line says.
 *
 * @param values the options as they stand there
 * @throws Error in one line that names the option
 */
export function readInitOptions(values: Readonly<Record<string, unknown>>): InitOptions {
  const parsed = Values.safeParse(values);
  if (!parsed.success) throw new Error(parsed.error.issues[0]?.message ?? "the options are not valid");
  const { dir, endpoints, instance, application, "mas-mirror": masMirror } = parsed.data;
  return { directory: dir, endpoints, instance, applications: [...new Set(application)], masMirror };
}

/** Ports that URLs leave out are no ports of etcd. */
function readEndpoint(text: string): URL | null {
  if (!/^https?:\/\/[^/?#@]+:\d+\/?$/.test(text) || !URL.canParse(text)) return null;
  const url = new URL(text);
  return url.port === "" ? null : url;
}
