/**
 * Does one thing while another goes on again and again.
 * @param other resolves soon once its signal is aborted
 * @throws what the other rejected with: one that fails would leave the work alone, and make it look fast
 */
export async function beside<T>(other: (signal: AbortSignal) => Promise<void>, work: () => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const goingOn = (async () => {
    while (!stop.signal.aborted) await other(stop.signal);
  })();
  goingOn.catch(() => undefined);
  try {
    return await work();
  } finally {
    stop.abort();
    await goingOn;
  }
}
