import { z } from "zod";
import { Whoami } from "./api.ts";

/** Who asks, with the hash of the secret that they showed: an Instance remembers it for the time when the catalogue is dead. */
export const Principal = Whoami.extend({ hash: z.string().min(20).max(100) });
/** A caller. */
export type Principal = z.infer<typeof Principal>;

/**
 * How a caller is named in routes, events and the audit.
 *
 * @param principal the caller
 * @returns such as `user alice` or `token ci`
 */
export function renderPrincipal(principal: Principal): string {
  return `${principal.kind === "session" ? "user" : "token"} ${principal.name}`;
}
