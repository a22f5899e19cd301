import { createServer } from "node:net";
import {
  describeTakenPort,
  findTakenPorts,
  isPortFree,
  LAB_HOST,
  labPorts,
  MAX_OFFSET,
  PORT_NAMES,
  PORTS_PER_LAB,
} from "@evenkeel/lab/processes/ports";
import { expect, test } from "vitest";

test("every port of a lab is its own, and a lab beside it shares none", () => {
  const first = Object.values(labPorts(0));
  const second = Object.values(labPorts(PORTS_PER_LAB));
  expect(new Set([...first, ...second]).size).toBe(2 * PORT_NAMES.length);
});

test("no lab reaches the ports that Linux takes for outgoing connections", () => {
  expect(Math.max(...Object.values(labPorts(MAX_OFFSET)))).toBeLessThan(32_768);
});

test.each([-1, 0.5, MAX_OFFSET + 1, Number.NaN])("an offset of %s is refused with the range", (offset) => {
  expect(() => labPorts(offset)).toThrow(`from 0 to ${MAX_OFFSET}, not ${offset}`);
});

test("a taken port is found and named with what wants it and the way out", async () => {
  const server = createServer();
  const port = await new Promise<number>((resolve) => {
    server.listen({ host: LAB_HOST, port: 0 }, () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
  expect(await isPortFree(port)).toBe(false);
  const [sentence, ...others] = await findTakenPorts({ "redis-dc1": port });
  expect(others).toEqual([]);
  expect(sentence).toBe(describeTakenPort(port, "redis-dc1"));
  expect(sentence).toMatch(new RegExp(`^Port ${port} is taken, and redis-dc1 wants it\\..*--offset 100`));

  await new Promise((resolve) => server.close(resolve));
  expect(await isPortFree(port)).toBe(true);
  expect(await findTakenPorts({ "redis-dc1": port })).toEqual([]);
});
