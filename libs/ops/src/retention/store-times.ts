import { StepFailure } from '../backups/backup-source';
import type { BackupStore } from '../stores/backup-store';
import type { ToldTime } from './clock-trust';
import { placeFailure } from './place-failure';

/** A store that is well answers in a moment, and one that is not must not keep the others waiting. */
const PATIENCE_MS = 10_000;

/** What the stores' clocks say; undefined of a store that tells none. */
export class StoreTimes {
  private constructor(private readonly answers: ReadonlyMap<string, Date | StepFailure | undefined>) {}

  static async ask(stores: readonly BackupStore[], signal: AbortSignal): Promise<StoreTimes> {
    const answers = await Promise.all(stores.map(async (store) => [store.name, await timeOf(store, signal)] as const));
    return new StoreTimes(new Map(answers));
  }

  /**
   * A place's own time.
   * @throws StepFailure where a store could not be asked
   */
  of(place: string): Date | undefined {
    const answer = this.answers.get(place);
    if (answer instanceof StepFailure) throw answer;
    return answer;
  }

  /** What this machine's clock is held against: a place's own time, or that of all the others where it tells none. */
  witnesses(place: string): ToldTime[] {
    const told = [...this.answers].flatMap(([by, time]) => (time instanceof Date ? [{ by, time }] : []));
    const own = told.filter(({ by }) => by === place);
    return own.length > 0 ? own : told;
  }
}

async function timeOf(store: BackupStore, signal: AbortSignal): Promise<Date | StepFailure | undefined> {
  const patience = AbortSignal.timeout(PATIENCE_MS);
  try {
    return await store.now(AbortSignal.any([signal, patience]));
  } catch (error) {
    if (!signal.aborted && patience.aborted) {
      const text = `${store.name} (${store.place}) did not tell its time within ${PATIENCE_MS / 1000} s`;
      return new StepFailure(text, true, { cause: error });
    }
    return placeFailure(error, signal, 'Asking for the time');
  }
}
