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
  async function trialOf(bench: string): Promise<Report> {
    const { stdout } = await run(process.execPath, [`dist/bench/${bench}.js`], {
      env: { ...process.env, BENCH_TICKETS: TRIAL_TICKETS, DATABASE_URL: '' },
      maxBuffer: 1 << 24,
    });
    const report = JSON.parse(stdout) as Report;
    expect(report).toMatchObject({ bench, tickets: Number(TRIAL_TICKETS) });
    return report;
  }

  it.each([
    { bench: 'play', ours: 'api', others: ['bareFastify', 'pgbench'] },
    { bench: 'generate', ours: 'tiptop', others: ['copy'] },
  ])(
    'bench:$bench measures both sides and prints their ratios',
    async ({ bench, ours, others }) => {
      const report = await trialOf(bench);
      expect(Object.keys(report.sides).sort()).toEqual([ours, ...others].sort());
      for (const other of others) expect(report.ratios[other]).toBeGreaterThan(0);
    },
    300_000,
  );

  it('bench:admin measures lists, statistics, exports and plays, each against its other side', async () => {
    const { sides, ratios } = await trialOf('admin');
    const names = Object.keys(sides);
    const lists = names.filter((name) => /^(tickets|users) /.test(name));
    expect(lists.filter((name) => name.startsWith('tickets ')).length).toBeGreaterThan(20);
    expect(lists.filter((name) => name.startsWith('users ')).length).toBeGreaterThan(40);
    for (const name of lists) {
      for (const figure of ['firstMs', 'middleMs', 'lastMs', 'toFirst', 'toLookUp']) {
        expect(sides[name]?.[figure]).toBeGreaterThan(0);
      }
    }
    expect(names.filter((name) => !lists.includes(name)).sort()).toEqual([
      'exportCsv',
      'exportXlsx',
      'lookUp',
      'playsAlone',
      'playsBesideCsv',
      'playsBesideXlsx',
      'playsCounted',
      'playsUncounted',
      'psqlCopy',
      'statisticsLarge',
      'statisticsSmall',
    ]);
    expect(Object.keys(ratios).sort()).toEqual([
      'exportCsvToPsqlCopy',
      'playsBesideCsvToAlone',
      'playsBesideXlsxToAlone',
      'playsCountedToUncounted',
      'statisticsLargeToSmall',
      'ticketPageToFirst',
      'ticketPageToLookUp',
      'userPageToFirst',
      'userPageToLookUp',
    ]);
    for (const ratio of Object.values(ratios)) expect(ratio).toBeGreaterThan(0);
  }, 600_000);

  it('bench:backup measures the pipeline against the bare programs, its memory, and the plays beside a dump', async () => {
    const { sides, ratios } = await trialOf('backup');
    expect(Object.keys(sides).sort()).toEqual(['bareTools', 'ours', 'playsAlone', 'playsBesideDump']);
    expect(Object.keys(ratios).sort()).toEqual(['bareTools', 'playsBesideDumpToAlone']);
    for (const ratio of Object.values(ratios)) expect(ratio).toBeGreaterThan(0);
    const { ours = {}, bareTools = {} } = sides;
    // Our time over theirs, and not the other way round; both are rounded.
    expect(ratios.bareTools! / (ours.seconds! / bareTools.seconds!)).toBeCloseTo(1, 1);
    expect(ours.memoryMb).toBeGreaterThan(0);
    // Both have packed the same database.
    expect(ours.archiveMb! / bareTools.archiveMb!).toBeCloseTo(1, 1);
  }, 300_000);
});
