/** A lab in miniature for supervisor.test.ts to kill: starts a process with a child of its own and says so. */
import { createSupervisor } from "@evenkeel/lab/processes/supervisor";

const [stateDir = "", ...stopped] = process.argv.slice(2);
const made = await createSupervisor(stateDir);
if (!made.ok) {
  process.stdout.write(`${made.message}\n`);
  process.exit(3);
}
// The child leaves the group with a session of its own, as PostgreSQL's server processes do.
const script = `const c = require("node:child_process").spawn(process.execPath, ["-e", "setInterval(Date, 1e6)"], { detached: true, stdio: "ignore" }); console.log("child " + c.pid); setInterval(Date, 1e6);`;
const started = await made.supervisor.spawnProcess({
  name: "parent",
  role: "database",
  site: "dc1",
  command: process.execPath,
  args: ["-e", script],
  ports: [],
  onLine: (line) => {
    const parent = made.supervisor.processes()[0];
    if (stopped.includes("--stop")) parent?.stop();
    const state = parent?.state();
    const pid = state !== undefined && "pid" in state ? state.pid : 0;
    process.stdout.write(
      `${JSON.stringify({ parent: pid, child: Number(line.split(" ")[1]), ended: made.endedLeftovers })}\n`,
    );
  },
});
if (!started.ok) throw new Error(started.message);
setInterval(Date, 1e6);
