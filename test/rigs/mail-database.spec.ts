import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Contest } from '@tiptop/game';
import { EmbeddedPostgres, Migrator } from '@tiptop/platform';
import { schema } from '../../migrations/data-source';
import '../support/one-realm';
import { createContest, registerCustomer, type SessionBody, unplayedCodes } from '../support/builders';
import { play } from '../support/plays';
import { SmtpInbox } from '../support/smtp-inbox';
import { startTestApp, type TestApp } from '../support/test-app';

describe('The delivery of letters while the database is away', () => {
  let dataDir: string;
  let port: string;
  let server: EmbeddedPostgres;
  let inbox: SmtpInbox;
  let test: TestApp;
  let player: SessionBody;
  let contest: Contest;

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'tiptop-faults-'));
    server = await EmbeddedPostgres.start({ dataDir, database: 'tiptop', settings: { fsync: 'off' } });
    port = new URL(server.url).port;
    await new Migrator(server.url, schema).up();
    inbox = await SmtpInbox.open();
    test = await startTestApp({ databaseUrl: server.url, config: { mail: inbox.mail } });
    player = await registerCustomer(test);
    contest = await createContest(test);
  });
  afterAll(async () => {
    inbox.release();
    await test.stop();
    await inbox.close();
    await server.stop();
    await rm(dataDir, { recursive: true, force: true });
  });

  async function kill(): Promise<void> {
    const [pid = ''] = (await readFile(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8')).split('\n');
    process.kill(Number(pid), 'SIGQUIT');
  }
  async function restart(): Promise<void> {
    server = await EmbeddedPostgres.start({ dataDir, database: 'tiptop', settings: { fsync: 'off', port } });
    while ((await test.client.get('/health')).status !== 200) await sleep(20);
  }
  async function win(): Promise<string> {
    const [code = ''] = await unplayedCodes(test, contest, 1);
    expect((await play(test, code, player)).status).toBe(200);
    return code;
  }
  const lettersAbout = (code: string) => inbox.letters.filter(({ text }) => text.includes(code));
  const whenDone = async (): Promise<void> => {
    const waiting = () =>
      test.database.query<unknown[]>(`SELECT 1 FROM letters WHERE state IN ('created', 'retry', 'active')`);
    while ((await waiting()).length > 0) await sleep(50);
  };

  it('goes on when it is back, and says so little of it that it can be read', async () => {
    const before = await win();
    await inbox.until(() => lettersAbout(before).length === 1);
    await kill();
    // Each worker has asked in vain several times by then.
    await sleep(7000);
    const lines = test.logLines().filter(({ msg }) => msg === 'The queue of letters does not answer');
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({ level: 'warn', reason: expect.stringMatching(/\S/) as string });
    expect(test.logLines().filter(({ level }) => level === 'error')).toEqual([]);
    await restart();
    const after = await win();
    await inbox.until(() => lettersAbout(after).length === 1);
    expect(lettersAbout(before)).toHaveLength(1);
  });

  it('sends no second copy of a letter that was accepted meanwhile', async () => {
    await whenDone();
    const { attempts } = inbox;
    inbox.hold();
    const code = await win();
    await inbox.until(() => inbox.holding === 1);
    await kill();
    inbox.release();
    await inbox.until(() => lettersAbout(code).length === 1);
    // The answer has come, and there was nobody to note it down.
    await sleep(500);
    await restart();
    await whenDone();
    expect(lettersAbout(code)).toHaveLength(1);
    expect(inbox.attempts).toBe(attempts + 1);
  });
});
