/** Time between two pictures of the line, in milliseconds; without a terminal it is printed less often. */
const LIVE_MS = 250;
const PLAIN_MS = 1000;
/** An order's id takes half of a line, and nobody reads more than its beginning. */
const ID = /\b([0-9a-f]{8})-[0-9a-f-]{27}\b/g;

/** What an example did so far, in one line that is drawn again and again. */
export interface OrdersLine {
  /** Takes a line of the example: an order that was placed or failed is counted, anything else is shown. */
  take(line: string): void;
  end(): void;
}

/**
 * Begins to show what an example does.
 *
 * @param name of the example
 * @param out where to; on a terminal the line stays in its place
 */
export function showOrders(name: string, out: NodeJS.WriteStream): OrdersLine {
  const counts = { placed: 0, failed: 0 };
  let last = "";
  let shown = "";
  const clear = out.isTTY ? "\r\u001b[K" : "";
  const draw = (): void => {
    const line = `${name}  ${counts.placed} placed, ${counts.failed} failed  ${last}`;
    if (line === shown) return;
    shown = line;
    out.write(out.isTTY ? `${clear}${line.slice(0, out.columns - 1)}` : `${line}\n`);
  };
  const timer = setInterval(draw, out.isTTY ? LIVE_MS : PLAIN_MS);
  return {
    take(line) {
      const [verb = ""] = line.split(" ");
      if (verb === "placed" || verb === "failed") {
        counts[verb] += 1;
        last = line.replace(ID, "$1…");
        return;
      }
      out.write(`${clear}${line}\n`);
      shown = "";
    },
    end() {
      clearInterval(timer);
      draw();
      out.write("\n");
    },
  };
}
