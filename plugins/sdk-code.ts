/** One driver as an application uses it through the SDK. */
interface SdkUse {
  /** Entry of the SDK: `open-<entry>`. */
  readonly entry: string;
  /** Function that the entry exports. */
  readonly opener: string;
  /** What of the source is used. */
  readonly gives: string;
  /** A statement that asks something once. */
  readonly ask: string;
}

/**
 * Renders the lines that an application needs.
 *
 * @param use the driver as it is used
 * @returns TypeScript
 */
export function renderSdkCode({ entry, opener, gives, ask }: SdkUse): string {
  return `import { readFile } from "node:fs/promises";
import { ${opener} } from "@evenkeel/sdk/open-${entry}";

const { ${gives} } = await ${opener}(await readFile("evenkeel.yaml", "utf8"));
${ask}
`;
}
