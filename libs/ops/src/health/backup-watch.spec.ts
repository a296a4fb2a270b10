import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AppConfig, createLogger, loadConfig, MovableClock } from '@tiptop/platform';
import type { Alert } from '../alerts/alerts';
import type { BackupHealth } from './backup-health';
import type { Trouble } from './backup-troubles';
import { BackupWatch } from './backup-watch';

const { signal } = new AbortController();
const MINUTE_MS = 60_000;
const STALE: Trouble = { kind: 'stale', text: '27.0 h old, and 26 h are allowed' };
const DRILL: Trouble = { kind: 'drill', text: 'The last drill (s3, daily-x) did not pass: wrong key' };

describe('Watch over the backups', () => {
  let folder: string;
  let config: AppConfig;
  let clock: MovableClock;
  let troubles: readonly Trouble[] | Error;
  let sent: Alert[];
  let failing: string[];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tiptop-watch-'));
    const base = loadConfig({ NODE_ENV: 'test', DATA_DIR: folder });
    config = base.with({ ops: { ...base.ops, backupDir: join(folder, 'backups') } });
    clock = new MovableClock();
    [troubles, sent, failing] = [[], [], []];
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  /** A process of its own on the same folder. */
  function watch(): BackupWatch {
    const health = {
      troubles: () => (troubles instanceof Error ? Promise.reject(troubles) : Promise.resolve(troubles)),
    } as unknown as BackupHealth;
    const send = (alert: Alert): Promise<string[]> => {
      sent.push(alert);
      return Promise.resolve(failing);
    };
    return new BackupWatch(config, health, { send }, clock, createLogger('silent'));
  }

  it('tells it once, with what and why, and keeps it to itself for as long as it lasts', async () => {
    const one = watch();
    await one.look(signal);
    expect(sent).toEqual([]);
    troubles = [STALE];
    for (let minute = 0; minute < 180; minute++) {
      await one.look(signal);
      clock.moveBy(MINUTE_MS);
    }
    expect(sent).toEqual([
      {
        level: 'failure',
        subject: 'Backups of dev: the newest verified backup is too old',
        text: STALE.text,
        facts: { step: 'health', cause: 'stale' },
      },
    ]);
  });

  it('does not tell it again after a restart', async () => {
    troubles = [STALE];
    await watch().look(signal);
    await watch().look(signal);
    expect(sent).toHaveLength(1);
  });

  it('tells it again once it was over and has come back, over a restart as well', async () => {
    troubles = [STALE];
    await watch().look(signal);
    troubles = [];
    await watch().look(signal);
    expect(await readdir(config.ops.backupDir)).toEqual([]);
    troubles = [STALE];
    await watch().look(signal);
    expect(sent).toHaveLength(2);
  });

  it('tells of what comes on top, and of that alone', async () => {
    const one = watch();
    troubles = [STALE];
    await one.look(signal);
    troubles = [STALE, DRILL, { ...DRILL, text: 'the other store' }];
    await one.look(signal);
    await one.look(signal);
    expect(sent.map(({ text }) => text)).toEqual([STALE.text, `${DRILL.text}\nthe other store`]);
    expect(sent[1]?.facts?.['cause']).toBe('drill');
  });

  it('takes a database that can’t be asked for neither a beginning nor an end', async () => {
    const one = watch();
    troubles = [STALE];
    await one.look(signal);
    troubles = new Error('ECONNREFUSED');
    await one.look(signal);
    troubles = [STALE];
    await one.look(signal);
    expect(sent).toHaveLength(1);
  });

  it('tries again after an hour where somebody was not reached', async () => {
    const one = watch();
    troubles = [STALE];
    failing = ['webhook'];
    await one.look(signal);
    clock.moveBy(59 * MINUTE_MS);
    await one.look(signal);
    expect(sent).toHaveLength(1);
    failing = [];
    clock.moveBy(2 * MINUTE_MS);
    await one.look(signal);
    await one.look(signal);
    expect(sent).toHaveLength(2);
  });

  it('tells it where its memory is broken, or can’t be written, and then no second time', async () => {
    await writeFile(join(folder, 'backups'), 'a file in the place of the folder');
    troubles = [STALE];
    const one = watch();
    await one.look(signal);
    await one.look(signal);
    expect(sent).toHaveLength(1);
  });

  it('says nothing while the service stops', async () => {
    troubles = [STALE];
    await watch().look(AbortSignal.abort());
    expect(sent).toEqual([]);
  });
});
