/** How far the data of one server is, told by the server itself; positions of one engine can be compared. */
export interface DataPosition {
  /** Everything that was acknowledged here before it was asked. Empty: it does not write, or cannot tell. */
  readonly written: string;
  /** @returns true if all that was written elsewhere, up to that position, can be read here; false also in doubt */
  includes(written: string): boolean;
}
