import type { Client } from 'pg';
import { json, refusal, type Tiptop } from './tiptop';
import { tiptopOnDatabase } from './tiptop-on-database';

describe('tiptop kpi', () => {
  let tiptop: Tiptop;
  let client: Client;
  let clear: () => Promise<void>;

  beforeAll(async () => {
    ({ tiptop, client, clear } = await tiptopOnDatabase());
    await client.query(
      `INSERT INTO deployments (environment, kind, status, actor, owner, tag, release, previous, started_at, finished_at, reason,
         failure_noticed_at, recovered_at)
       VALUES ('dev', 'deployment', 'succeeded', 'x', 'x', 'x', '{}', NULL, now() - interval '2 hours', now() - interval '2 hours',
           NULL, NULL, NULL),
         ('dev', 'deployment', 'rolled-back', 'x', 'x', 'x', '{}', '{}', now() - interval '1 hour', now() - interval '1 hour',
           'x', now() - interval '61 minutes', now() - interval '1 hour')`,
    );
  });
  afterAll(async () => {
    await clear();
  });

  it('prints each figure with its target, and what was counted', async () => {
    const { exitCode, stdout, stderr } = await tiptop.run(['kpi']);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    const lines = stdout.split('\n').filter((line) => !line.startsWith('  '));
    expect(lines).toEqual([
      'Time to restore           nothing to count (below 30 minutes)',
      'Data that may be lost     nothing to count (below 24 hours)',
      'Mean time to recovery     1 minute (below 60 minutes, met)',
      'Deployments               1 per day (at least 1 per day, met)',
      'Deployments that succeed  50 percent (above 95 percent, NOT MET)',
      '',
    ]);
    expect(stdout).toMatch(/\n {2}1 of 2 deployments that ended since 20\d\d-/);
  });

  it('prints the same as a document, over as many days as are asked for', async () => {
    const document = json(await tiptop.run(['kpi', '--days', '366', '--json']));
    expect(document).toMatchObject({
      days: 366,
      mttr: { value: 1, met: true },
      deploySuccessRate: { value: 50, met: false },
    });
    expect(Object.keys(document)).toEqual(['days', 'rto', 'rpo', 'mttr', 'deployFrequency', 'deploySuccessRate']);
    expect(json(await tiptop.run(['kpi', '--json']))['days']).toBe(30);
  });

  it.each(['--days 0', '--days 367', '--days x', 'more'])('refuses %s', async (options) => {
    const run = await tiptop.run(['kpi', ...options.split(' '), '--json']);
    expect(run.exitCode).toBe(2);
    expect(refusal(run).code).toBe('WRONG_USAGE');
  });
});
