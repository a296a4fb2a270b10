import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EmbeddedPostgres } from '@tiptop/platform';
import { Client } from 'pg';
import '../support/one-realm';
import { ApiClient } from '../support/api-client';
import { registration, type SessionBody } from '../support/builders';
import { play } from '../support/plays';
import { type ServiceProcess, ServiceProgram } from '../support/service-process';
import type { ReceivedMail } from '../support/received-mail';
import { SmtpInbox } from '../support/smtp-inbox';

const PERSON = registration({ email: 'camille.martin@example.fr' });
/** A process that dies has sent its last sign of life; see MailDelivery. */
const AFTER_KILL_MS = 45_000;

/** Codes that nobody has played, from the embedded database of a running service. */
async function unplayedCodes(dataDir: string, count: number): Promise<string[]> {
  const server = await EmbeddedPostgres.start({ dataDir, mode: 'share' });
  const database = new Client({ connectionString: server.url });
  await database.connect();
  const { rows } = await database.query<{ code: string }>('SELECT code FROM tickets ORDER BY md5(code) LIMIT $1', [
    count,
  ]);
  await database.end();
  await server.stop();
  return rows.map(({ code }) => code);
}

describe('A service that dies between a win and its letter', () => {
  let program: ServiceProgram;
  let inbox: SmtpInbox;
  let service: ServiceProcess;
  let client: ApiClient;
  let player: SessionBody;
  let codes: string[];

  beforeAll(async () => {
    program = await ServiceProgram.build();
    inbox = await SmtpInbox.open();
    await start();
    codes = await unplayedCodes(join(program.folder, 'data'), 7);
    const { status, body } = await client.post<SessionBody>('/v1/auth/register', PERSON);
    expect(status).toBe(201);
    player = body;
  });
  afterAll(async () => {
    inbox.release();
    await program.clear();
    await inbox.close();
  });

  async function start(): Promise<void> {
    service = program.start({
      DATA_DIR: join(program.folder, 'data'),
      SMTP_URL: inbox.url,
      MAIL_RETRY_SECONDS: '1',
      MAIL_RETRY_MAX_SECONDS: '1',
    });
    client = new ApiClient(await service.url());
  }
  async function kill(): Promise<void> {
    service.signal('SIGKILL');
    expect((await service.ended).signal).toBe('SIGKILL');
  }
  /** Letters that tell of a win with a code. */
  const letters = (code: string): ReceivedMail[] =>
    inbox.letters.filter(({ subject, text }) => /vous avez gagné/.test(subject) && text.includes(code));
  const win = async (code: string): Promise<void> => {
    expect((await play({ client }, code, player)).status).toBe(200);
  };

  it('sends it after the next start, once', async () => {
    const [code = ''] = codes;
    // Whatever is tried before the end is not accepted.
    inbox.refuse(() => 'recipient-later');
    await win(code);
    await kill();
    inbox.refuse();
    expect(letters(code)).toEqual([]);
    await start();
    await inbox.until(() => letters(code).length > 0, AFTER_KILL_MS);
    expect(letters(code).map(({ to }) => to)).toEqual([PERSON['email']]);
    // The next letter has the same way: had there been a second one of the first, it would be here by then.
    await win(codes[1]!);
    await inbox.until(() => letters(codes[1]!).length > 0);
    expect(letters(code)).toHaveLength(1);
  });

  it('sends one that the server had not yet accepted, soon after the next start', async () => {
    const code = codes[2]!;
    inbox.hold((to) => to === PERSON['email']);
    await win(code);
    await inbox.until(() => inbox.holding > 0);
    await kill();
    // The server learns of it before it would have answered.
    await sleep(200);
    inbox.release();
    expect(letters(code)).toEqual([]);
    await start();
    await inbox.until(() => letters(code).length > 0, AFTER_KILL_MS);
    expect(letters(code)).toHaveLength(1);
  });

  it('sends none again that was accepted beside one that was not', async () => {
    const other = registration({ email: 'lou.petit@example.fr' });
    const { body } = await client.post<SessionBody>('/v1/auth/register', other);
    const [mine, theirs] = [codes[3]!, codes[4]!];
    inbox.hold((to) => to === other['email']);
    const plays = [play({ client }, mine, player), play({ client }, theirs, body)];
    expect((await Promise.all(plays)).map(({ status }) => status)).toEqual([200, 200]);
    await inbox.until(() => letters(mine).length === 1 && inbox.holding > 0);
    // The acceptance has to come back to the service and into its database.
    await sleep(300);
    await kill();
    await sleep(200);
    inbox.release();
    await start();
    await inbox.until(() => letters(theirs).length > 0, AFTER_KILL_MS);
    expect([letters(mine).length, letters(theirs).length]).toEqual([1, 1]);
  });

  it('that is stopped in order waits for the letter under way, and sends no second one', async () => {
    const [code, next] = [codes[5]!, codes[6]!];
    inbox.hold((to) => to === PERSON['email']);
    await win(code);
    await inbox.until(() => inbox.holding > 0);
    service.signal('SIGTERM');
    await sleep(300);
    expect(service.hasEnded).toBe(false);
    inbox.release();
    expect((await service.ended).exitCode).toBe(0);
    expect(letters(code)).toHaveLength(1);
    await start();
    await win(next);
    await inbox.until(() => letters(next).length > 0);
    expect(letters(code)).toHaveLength(1);
    expect(service.said.stdout).not.toMatch(/"level":"error"/);
  });
});
