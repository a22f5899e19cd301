import { SdkError } from "../errors.ts";

/** Writes are copied to other data centres, and what this command does cannot be; it was not sent. */
export class NotCopyableError extends SdkError {
  readonly command: string;
  readonly reason: string;

  constructor(command: string, reason: string) {
    super(
      "EVENKEEL_NOT_COPYABLE",
      false,
      `${command.toUpperCase()} cannot be copied and was not sent: ${reason}`,
    );
    this.name = "NotCopyableError";
    this.command = command;
    this.reason = reason;
  }
}

/** The queue of copies takes nothing more, and the configuration says that writes are refused then; it was not sent. */
export class CopiesFullError extends SdkError {
  readonly dataCentre: string;

  constructor(dataCentre: string, why: string) {
    super(
      "EVENKEEL_COPIES_FULL",
      true,
      `the queue of copies for ${dataCentre} ${why}; the write was not sent`,
    );
    this.name = "CopiesFullError";
    this.dataCentre = dataCentre;
  }
}
