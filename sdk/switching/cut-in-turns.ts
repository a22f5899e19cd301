/** Connections that are destroyed in one turn of the event loop: each keeps it for about a tenth of a millisecond. */
const AT_A_TIME = 3;

/**
 * Destroys many connections, some in this turn and some in each of the next ones: what goes to the new side goes between
 * them, where it would otherwise wait until the last caller of the old side has been told.
 *
 * @param connections none of which takes any more work
 * @param destroy destroys one
 */
export function cutInTurns<Connection>(
  connections: readonly Connection[],
  destroy: (connection: Connection) => void,
): void {
  for (const connection of connections.slice(0, AT_A_TIME)) destroy(connection);
  const rest = connections.slice(AT_A_TIME);
  if (rest.length > 0) setImmediate(() => cutInTurns(rest, destroy));
}
