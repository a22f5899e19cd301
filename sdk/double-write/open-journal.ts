import { mkdir } from "node:fs/promises";
import { ConfigError } from "../errors.ts";
import { lockDirectory } from "./directory-lock.ts";
import { openDisk } from "./disk.ts";
import { type Journal, type JournalOptions, type JournalOwner, startJournal } from "./journal.ts";
import { readSegments } from "./read-segments.ts";
import { type Replayed, replay } from "./replay.ts";
import { createSegmentFiles } from "./segment-files.ts";

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
    const disk = openDisk(directory);
    const { records, tornRecords } = await readSegments(disk);
    const start = async (owner: JournalOwner): Promise<Journal> => {
      const journal = await startJournal(createSegmentFiles(disk, options.fsync !== "never"), options, owner);
      return releaseAfter(journal, release);
    };
    return { left: replay(records), tornRecords, start, release };
  } catch (error) {
    if (error instanceof ConfigError || !(error instanceof Error && "code" in error)) throw error;
    throw refusal(`${directory} cannot be used (${String(error.code)})`);
  }
}

function releaseAfter(journal: Journal, release: () => Promise<void>): Journal {
  return {
    get isFailing() {
      return journal.isFailing;
    },
    append: journal.append,
    async close() {
      await journal.close();
      await release();
    },
  };
}

function refusal(message: string): ConfigError {
  return new ConfigError([`router.copies.directory: ${message}`]);
}
