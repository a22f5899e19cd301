/**
 * Loaded before a program that bootstrap.mjs starts: asks the program to end when the bootstrap is gone, which a
 * bootstrap that was killed cannot do itself.
 */
const POLL_MS = 500;

const parent = process.ppid;
setInterval(() => {
  if (process.ppid !== parent) process.kill(process.pid, "SIGTERM");
}, POLL_MS).unref();
