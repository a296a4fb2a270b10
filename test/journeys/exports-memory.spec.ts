import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createContest, type SessionBody, signInAs } from '../support/builders';
import { addManyTickets, beginDownload } from '../support/downloads';
import { growthDuring } from '../support/resident-memory';
import { type ServiceProcess, ServiceProgram } from '../support/service-process';
import { startTestApp, type TestApp } from '../support/test-app';

/** 120 MB of CSV, and as much XML. */
const [TICKETS, LINE_LENGTH] = [60_000, 2000];
const [CSV_BYTES, XLSX_BYTES] = [120e6, 0.5e6];
/** Measured: 17 to 25, and 70 where the engine is left to look for it by itself. */
const MOST_MB = 50;

describe('The memory of an export', () => {
  let test: TestApp;
  let admin: SessionBody;
  let program: ServiceProgram;

  beforeAll(async () => {
    test = await startTestApp();
    admin = await signInAs(test, 'admin');
    const contest = await createContest(test, { tickets: 200 });
    await addManyTickets(test, contest.id, TICKETS, LINE_LENGTH);
    program = await ServiceProgram.build();
  });
  afterAll(async () => {
    await program.clear();
    await test.stop();
  });

  /** A process of its own: what else a test needs is not to be counted. */
  async function startService(): Promise<{ service: ServiceProcess; url: string }> {
    const { databaseUrl = '', jwtSecret, deckSecret } = test.config;
    const service = program.start({
      NODE_ENV: 'test',
      DATABASE_URL: databaseUrl,
      DATA_DIR: await mkdtemp(join(tmpdir(), 'tiptop-memory-')),
      JWT_SECRET: jwtSecret,
      DECK_SECRET: deckSecret,
      MAIL_DELIVERY: 'off',
      ADMIN_SECOND_FACTOR: 'optional',
    });
    return { service, url: await service.url() };
  }

  it.each([
    ['csv', CSV_BYTES],
    ['xlsx', XLSX_BYTES],
  ])('stays flat, whether the client reads or lets it wait: %s', async (format, leastBytes) => {
    const { service, url } = await startService();
    const growth = await growthDuring(service.pid, async () => {
      const { finish } = await beginDownload({ client: { url } }, `tickets?format=${format}`, admin);
      await sleep(1500);
      const { bytes, isComplete } = await finish();
      expect(isComplete).toBe(true);
      expect(bytes.length).toBeGreaterThan(leastBytes);
    });
    await service.end();
    expect(growth).toBeLessThan(MOST_MB);
  });
});
