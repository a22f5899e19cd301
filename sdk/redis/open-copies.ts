import { CopySettings, type SdkConfig, writesDoubly } from "@evenkeel/contracts/sdk-config";
import { type DoubleWriter, openDoubleWriter } from "../double-write/double-writer.ts";
import { openJournal } from "../double-write/open-journal.ts";
import { tellStatus } from "../double-write/tell-status.ts";
import type { Companion, SourceParts } from "../switching/companion.ts";
import { tellLater } from "../switching/tell-later.ts";
import { observeCopies } from "../telemetry/observe-copies.ts";
import { createCopyDriver } from "./copy-driver.ts";
import type { RedisSide } from "./redis-side.ts";

/** What a source that writes doubly has beside its connections. */
export interface Copies extends Companion {
  readonly writer: DoubleWriter;
}

/**
 * Opens the copying of a Redis source.
 *
 * @param parts of the source
 * @returns null if its configuration does not write doubly
 * @throws ConfigError if the directory of the queue cannot be used
 */
export async function openCopies(parts: SourceParts<RedisSide>): Promise<Copies | null> {
  const { config, events } = parts;
  if (!writesDoubly(config.router.algorithm)) return null;
  const settings = CopySettings.parse(config.router.copies ?? {});
  const writer = await openWriter(parts, settings);
  const endTelling = tellStatus(writer.status, (status) => tellLater(events, "copies", status));
  const endObserving = observeCopies(config, writer.status);
  let isStale = false;
  const onConnected = async (): Promise<void> => {
    isStale = false;
    // What was decided while the store was away comes a moment after the connection: first look, then copy.
    await parts.board.reread();
    if (!isStale) writer.setReached(true);
  };
  const onStale = (): void => {
    isStale = true;
    writer.setReached(false);
  };
  events.on("connected", onConnected);
  events.on("stale", onStale);
  return {
    writer,
    follow: writer.follow,
    // New writes are held: what is not answered or copied yet is all that there will be.
    isReady: (dataCentre) =>
      writer
        .status()
        .every((one) => one.dataCentre !== dataCentre || (one.queued === 0 && one.unanswered === 0)),
    begin: (use) => writer.setReached(use.isConnected()),
    async close() {
      await writer.close();
      endTelling();
      endObserving();
      events.off("connected", onConnected);
      events.off("stale", onStale);
    },
  };
}

async function openWriter(
  { config, sides, events }: SourceParts<RedisSide>,
  settings: CopySettings,
): Promise<DoubleWriter> {
  const { directory } = settings;
  const opened =
    settings.queue === "memory" || directory === undefined
      ? null
      : await openJournal({ ...settings, directory });
  const release = async (error: unknown): Promise<never> => {
    await opened?.release();
    throw error;
  };
  return await openDoubleWriter({
    settings,
    dataCentres: dataCentresOf(config),
    driver: createCopyDriver((dataCentre) => sides.sideOf({ dataCentre, writable: true })),
    opened,
    onDiverged: (dataCentre, reason, message) =>
      tellLater(events, "diverged", { dataCentre, reason, message }),
    onProblem: (message) => tellLater(events, "problem", { message }),
  }).catch(release);
}

function dataCentresOf({ sources }: SdkConfig): readonly string[] {
  return Object.keys(sources);
}
