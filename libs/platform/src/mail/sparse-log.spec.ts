import { setTimeout as sleep } from 'node:timers/promises';
import { createLogger } from '../logging/logger';
import { SparseLog } from './sparse-log';

describe('What happens again and again', () => {
  it('is said once in a while, with how often it went unsaid', async () => {
    const lines: string[] = [];
    const logger = createLogger('info', { write: (line) => void lines.push(line) });
    const log = new SparseLog(logger, 100);
    for (let n = 1; n <= 3; n++) log.warn({ n }, 'It failed');
    log.warn({ n: 1 }, 'Something else');
    await sleep(120);
    log.warn({ n: 4 }, 'It failed');
    await sleep(120);
    log.warn({ n: 5 }, 'It failed');
    const said = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(said.map(({ msg, n, alsoUnsaid }) => [msg, n, alsoUnsaid])).toEqual([
      ['It failed', 1, undefined],
      ['Something else', 1, undefined],
      ['It failed', 4, 2],
      ['It failed', 5, undefined],
    ]);
  });
});
