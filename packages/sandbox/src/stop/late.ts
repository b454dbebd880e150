/** What is over by then is stopped by nothing that watches: most guests end within a few milliseconds. */
const WATCHED_FROM_MS = 20;

/**
 * Begins to watch a guest when it has run for a while, or at once where a limit is as short as that. Guests that end before cost one timer
 * instead of one for each reason to stop them.
 *
 * @param shortestMs the shortest of the guest's limits of time
 */
export function watchLate(shortestMs: number, begin: () => readonly Disposable[]): Disposable {
  let watches: readonly Disposable[] = [];
  const timer = setTimeout(() => {
    watches = begin();
  }, WATCHED_FROM_MS);
  if (shortestMs <= WATCHED_FROM_MS) {
    clearTimeout(timer);
    watches = begin();
  }
  return {
    [Symbol.dispose]: () => {
      clearTimeout(timer);
      for (const watch of watches) watch[Symbol.dispose]();
    },
  };
}
