import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { unstable_readConfig } from "wrangler";

// Prints wrangler.toml as JSON, as wrangler itself reads it.
const config = join(dirname(fileURLToPath(import.meta.url)), "..", "wrangler.toml");
process.stdout.write(JSON.stringify(unstable_readConfig({ config }, { hideWarnings: true })));
