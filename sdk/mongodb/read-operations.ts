import { NotWritableError } from "../errors.ts";
import type { DriverServer } from "./cut-client.ts";

/**
 * Commands of MongoDB that change no data (reference of MongoDB 8.0), without the ones for administrators. A command that
 * is not listed counts as a write, so that a new one is refused rather than let through. `aggregate` is one of them only
 * without a stage that writes; the two that end a transaction apply nothing of their own.
 */
const READ_COMMANDS: ReadonlySet<string> = new Set(
  `abortTransaction aggregate atlasVersion buildInfo buildinfo collStats collstats commitTransaction connectionStatus
  count currentOp dataSize dbHash dbStats dbstats distinct endSessions explain find getMore hello hostInfo isMaster
  isdbgrid ismaster killCursors listCollections listCommands listDatabases listIndexes listSearchIndexes ping
  refreshSessions replSetGetStatus serverStatus startSession top validate whatsmyuri`.split(/\s+/),
);
/** Stages of a pipeline that write what comes out of it. */
const WRITING_STAGES = ["$out", "$merge"] as const;

/** What is looked at of a call of the driver's: its command's name, its pipeline, or the command that somebody wrote. */
interface Operation {
  readonly commandName?: unknown;
  readonly pipeline?: unknown;
  readonly command?: unknown;
}

/**
 * Tells whether a call of the driver's only reads.
 *
 * @param operation what the driver is about to send
 * @returns false for everything that is not known to read
 */
export function isReadOperation(operation: unknown): boolean {
  if (typeof operation !== "object" || operation === null) return false;
  const { commandName, pipeline, command } = operation as Operation;
  if (typeof command === "object" && command !== null) {
    const [name] = Object.keys(command);
    return isReadCommand(name, Reflect.get(command, "pipeline"));
  }
  return isReadCommand(commandName, pipeline);
}

function isReadCommand(name: unknown, pipeline: unknown): boolean {
  if (typeof name !== "string" || !READ_COMMANDS.has(name)) return false;
  return !Array.isArray(pipeline) || !pipeline.some(isWritingStage);
}

function isWritingStage(stage: unknown): boolean {
  return (
    typeof stage === "object" && stage !== null && WRITING_STAGES.some((name) => Object.hasOwn(stage, name))
  );
}

/**
 * Refuses writes before they are sent. Only servers of sides that must not write are so gated; the calls of those that may
 * write are not looked at.
 *
 * @param server a server that nothing was asked of yet
 */
export function forbidWriting(server: DriverServer): void {
  const send = server.command;
  server.command = (operation, ...rest) => {
    if (isReadOperation(operation)) return Reflect.apply(send, server, [operation, ...rest]);
    const message = "the active data centre is set to not writable, so the write was not sent";
    return Promise.reject(new NotWritableError(message));
  };
}
