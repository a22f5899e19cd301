import type { sites } from "../db/schema.ts";
import { refuseInput } from "../validation.ts";

/**
 * Finds the site that a caller named, by name or by id; the two cannot be mixed up, because ids have an underscore.
 *
 * @param known the instance's sites
 * @param named what the caller sent
 * @param path where it stands in the request
 * @returns the site
 * @throws AppError invalid-input listing the sites that exist
 */
export function findSite(
  known: readonly (typeof sites.$inferSelect)[],
  named: string,
  path: string,
): typeof sites.$inferSelect {
  const site = known.find(({ id, name }) => id === named || name === named);
  if (site !== undefined) return site;
  const names = known.map(({ name }) => name).join(", ");
  throw refuseInput([
    {
      path,
      expected:
        names === ""
          ? "this instance has no sites yet; create one first"
          : `must be one of the sites ${names}`,
    },
  ]);
}
