import { mkdir } from "node:fs/promises";
import { ConfigError } from "../errors.ts";
import { lockDirectory } from "./directory-lock.ts";
import { createJournal, type Journal, type JournalOptions, type JournalOwner } from "./journal.ts";
import { type Replayed, replay } from "./replay.ts";
import { createSegmentFiles, readSegments } from "./segment-files.ts";

const OWNER_ONLY_DIRECTORY = 0o700;

/** A journal that was opened, and what stood in it. */
export interface OpenedJournal {
  readonly left: Replayed;
  /** Files that end in a record that is not whole. */
  readonly tornRecords: number;
  /** Begins to write; called once. */
  start(owner: JournalOwner): Promise<Journal>;
  /** Gives the directory back without having written. */
  release(): Promise<void>;
}

/**
 * Opens the directory of a queue and reads what an earlier process left there.
 *
 * @param options where, and how safely
 * @throws ConfigError if the directory cannot be used or another process uses it
 */
export async function openJournal(options: JournalOptions): Promise<OpenedJournal> {
  const { directory } = options;
  try {
    await mkdir(directory, { recursive: true, mode: OWNER_ONLY_DIRECTORY });
    const locked = await lockDirectory(directory);
    if (!locked.ok) throw refusal(`${locked.message}; each process needs a directory of its own`);
    const { release } = locked.lock;
    const { records, tornRecords } = await readSegments(directory);
    const start = async (owner: JournalOwner): Promise<Journal> => {
      const files = createSegmentFiles(directory);
      await files.begin(owner.snapshot());
      return createJournal(files, options, owner, release);
    };
    return { left: replay(records), tornRecords, start, release };
  } catch (error) {
    if (error instanceof ConfigError || !(error instanceof Error && "code" in error)) throw error;
    throw refusal(`${directory} cannot be used (${String(error.code)})`);
  }
}

function refusal(message: string): ConfigError {
  return new ConfigError([`router.copies.directory: ${message}`]);
}
