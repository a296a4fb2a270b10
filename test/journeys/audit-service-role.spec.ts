import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { AuditVerifier, Migrator } from '@tiptop/platform';
import { RetentionJob } from '@tiptop/auth';
import { CounterVerification, FoldJob, ReminderJob } from '@tiptop/game';
import { schema } from '../../migrations/data-source';
import { DRIVERS, setStage, type Stage } from '../support/audit-drivers';
import { createContest, registerCustomers, unplayedCodes } from '../support/builders';
import { play } from '../support/plays';
import { TEST_MAIL } from '../support/mail-folder';
import { type SocialApp, startSocialApp } from '../support/social-app';
import { type TwoRoles, twoRoles } from '../support/two-roles';
import { until } from '../support/waiting';

const DAY_MS = 86_400_000;

describe('A service that signs in to the database as a role with no more rights than it needs', () => {
  let roles: TwoRoles;
  let app: SocialApp;
  let stage: Stage;

  beforeAll(async () => {
    roles = await twoRoles();
    await roles.migrator.up({ serviceRole: roles.service });
    app = await startSocialApp({ databaseUrl: roles.serviceUrl, mail: TEST_MAIL });
    stage = await setStage(app);
  });
  afterAll(async () => {
    await app.stop();
    await roles.drop();
  });

  it('finds the schema ready, in production and elsewhere', async () => {
    const migrator = new Migrator(roles.serviceUrl, schema);
    expect([await migrator.ready(true), await migrator.ready(false)]).toEqual([undefined, undefined]);
    const [row] = await app.test.database.query<object[]>('SELECT current_user AS role');
    expect(row).toEqual({ role: roles.service });
  });

  it.each(Object.keys(DRIVERS))('serves %s', async (route) => {
    const [method = ''] = route.split(' ');
    const statuses: number[] = [];
    await DRIVERS[route]!(stage, async (path, options) => {
      const answer = await app.test.client.request<never>(method, path, options);
      statuses.push(answer.status);
      return answer;
    });
    expect(statuses).toEqual([expect.any(Number)]);
    expect(statuses[0]).toBeLessThan(300);
  });

  it.each([
    'audit',
    'contests',
    'mails',
    'stats',
    'stats/timeline?interval=hour&from=2026-01-01&to=2026-01-02',
    'stores',
    'tickets?search=camille',
    'users?search=camille&sort=name',
  ])('shows GET /v1/admin/%s', async (path) => {
    expect((await app.test.client.get(`/v1/admin/${path}`, stage.admin.accessToken)).status).toBe(200);
  });

  it('deals the cards last that a broken-off play left behind', async () => {
    const contest = await createContest(app.test, { tickets: 6 });
    await app.test.database.query('SELECT nextval(sequence_name::regclass) FROM decks WHERE contest_id = $1', [
      contest.id,
    ]);
    const players = await registerCustomers(app.test, 6);
    const codes = await unplayedCodes(app.test, contest, 6);
    for (const [n, code] of codes.entries()) expect((await play(app.test, code, players[n]!)).status).toBe(200);
    const rows = await app.test.database.query<{ position: number }[]>(
      'SELECT deck_position AS position FROM tickets WHERE contest_id = $1 ORDER BY 1',
      [contest.id],
    );
    expect(rows.map(({ position }) => position)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('delivers letters', async () => {
    const folder = join(app.test.config.dataDir, 'mail');
    await until('letters were written', () => existsSync(folder) && readdirSync(folder).length > 0);
  });

  it('sums up, and proves and repairs the sums', async () => {
    await app.test.app.get(FoldJob).run();
    const verification = app.test.app.get(CounterVerification);
    expect(await verification.verify()).toMatchObject({ holds: true });
    expect(await verification.repair()).toMatchObject({ holds: true });
  });

  it('reminds, forgets addresses and erases who was away for long, by the calendar', async () => {
    const { test } = app;
    const [customer] = await registerCustomers(test, 1);
    await test.database.query(`UPDATE users SET last_active_at = '2020-01-01T00:00:00Z' WHERE id = $1`, [
      customer!.user.id,
    ]);
    const [reminders, retention] = [test.app.get(ReminderJob), test.app.get(RetentionJob)];
    test.clock.moveTo(new Date(stage.contest.claimEndsAt.getTime() - 6.5 * DAY_MS));
    await reminders.run();
    test.clock.moveBy(366 * DAY_MS);
    await retention.run();
    test.clock.reset();
    expect(reminders.lastRun).toEqual({ failed: false, outcome: { posted: expect.any(Number) as number } });
    expect(reminders.lastRun?.outcome?.posted).toBeGreaterThan(0);
    expect(retention.lastRun).toMatchObject({ failed: false, outcome: { erased: 1, failed: 0 } });
    expect(retention.lastRun?.outcome?.expired.auditAddresses).toBeGreaterThan(50);
    // A table that is the owner's is the owner's to vacuum.
    const left = test.logLines().filter(({ msg }) => String(msg).includes('is for autovacuum to clear up'));
    expect(left).toMatchObject([{ level: 'info' }]);
  });

  it('keeps a log of all this that holds, and has met nothing that it may not do', async () => {
    expect((await app.test.app.get(AuditVerifier).verify()).faults).toEqual([]);
    expect(app.test.logLines().filter(({ level }) => level === 'warn' || level === 'error')).toEqual([]);
  });
});
