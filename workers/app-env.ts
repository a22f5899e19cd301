import type { Identity } from "./auth/authenticate.ts";
import type { Catalogue } from "./db/open.ts";
import type { instances } from "./db/schema.ts";
import type { Env } from "./environment.ts";

/** What every sub-app finds in its context. */
export interface AppEnv {
  Bindings: Env;
  Variables: {
    /** Id of this request: the audit and confirmed removals carry it. */
    requestId: string;
    /** Where the request comes from, as far as that is known. */
    source: string;
    /** The catalogue, migrated; only behind `withCatalogue`. */
    catalogue: Catalogue;
    /** Who asks; only behind `authenticate`. */
    identity: Identity;
    /** The instance that the path names; only behind `withInstance`. */
    instance: typeof instances.$inferSelect;
  };
}
