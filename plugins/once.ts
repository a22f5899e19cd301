/**
 * Makes a function that passes on its first call only.
 *
 * @param act what to do once
 */
export function once(act: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    act();
  };
}
