import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
const TRIAL_TICKETS = '20000';

interface Report {
  bench: string;
  tickets: number;
  sides: Record<string, Record<string, number>>;
  ratios: Record<string, number>;
}

/** Whether the benchmarks run and tell what they promise. How fast anything is, they say when run in full by hand. */
describe('The benchmarks, on a small print run', () => {
  it.each([
    { bench: 'play', ours: 'api', others: ['bareFastify', 'pgbench'] },
    { bench: 'generate', ours: 'tiptop', others: ['copy'] },
  ])(
    'bench:$bench measures both sides and prints their ratios',
    async ({ bench, ours, others }) => {
      const { stdout } = await run(process.execPath, [`dist/bench/${bench}.js`], {
        env: { ...process.env, BENCH_TICKETS: TRIAL_TICKETS, DATABASE_URL: '' },
        maxBuffer: 1 << 24,
      });
      const report = JSON.parse(stdout) as Report;
      expect(report).toMatchObject({ bench, tickets: Number(TRIAL_TICKETS) });
      expect(Object.keys(report.sides).sort()).toEqual([ours, ...others].sort());
      for (const other of others) expect(report.ratios[other]).toBeGreaterThan(0);
    },
    300_000,
  );
});
