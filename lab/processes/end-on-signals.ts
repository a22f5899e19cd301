/** Signals that ask a lab to end, with the exit code that shells expect (128 + number). */
const END_SIGNALS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

/**
 * Makes Ctrl-C, SIGTERM and a closed terminal end the lab in good order. The second signal exits at once; the reaper
 * then kills what is left.
 * @param end ends everything; called once
 * @param say tells the person at the terminal what is going on
 * @param what is ended, in words
 */
export function endOnSignals(end: () => Promise<void>, say: (line: string) => void, what = "the lab"): void {
  let ending = false;
  const onSignal = (exitCode: number): void => {
    if (ending) process.exit(exitCode);
    ending = true;
    say(`Ending ${what} (once more to kill it) …`);
    end().then(
      () => process.exit(exitCode),
      (error: unknown) => {
        say(error instanceof Error ? error.message : String(error));
        process.exit(1);
      },
    );
  };
  for (const [signal, exitCode] of Object.entries(END_SIGNALS)) process.on(signal, () => onSignal(exitCode));
}
