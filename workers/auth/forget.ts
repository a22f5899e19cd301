import { type Catalogue, within } from "../db/open.ts";
import { instances } from "../db/schema.ts";
import { type Env, openInstance } from "../environment.ts";

/**
 * Makes every Instance forget a caller whose token was deleted or who signed out. One that cannot be reached learns it
 * from the next minute's pass.
 *
 * @param env the bindings
 * @param catalogue the catalogue
 * @param hash hash of the caller's secret
 */
export async function forgetEverywhere(env: Env, catalogue: Catalogue, hash: string): Promise<void> {
  const rows = await within(catalogue.select({ id: instances.id }).from(instances));
  const outcomes = await Promise.allSettled(rows.map(({ id }) => openInstance(env, id).forget(hash)));
  for (const outcome of outcomes) {
    if (outcome.status === "rejected") console.error(`an instance did not forget a token: ${outcome.reason}`);
  }
}
