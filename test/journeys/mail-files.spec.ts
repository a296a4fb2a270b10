import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Contest } from '@tiptop/game';
import { type ComposedMail, MailFiles, MailKinds } from '@tiptop/platform';
import { simpleParser } from 'mailparser';
import { createContest, registerCustomer, type SessionBody, unplayedCodes } from '../support/builders';
import { play } from '../support/plays';
import { lettersIn, TEST_MAIL } from '../support/mail-folder';
import { startTestApp, type TestApp } from '../support/test-app';

const PERSON = { id: '00000000-0000-4000-8000-000000000001' };

function letterTo(name: string): ComposedMail {
  const text = { subject: 'Bonjour {{name}}', body: '<p>Bonjour {{name}}</p>' };
  return { to: { name, address: 'a@example.fr' }, language: 'fr', texts: { fr: text, en: text }, variables: { name } };
}

describe('Letters without an SMTP server', () => {
  let test: TestApp;
  let contest: Contest;
  /** Whether the reader of `test-erased` is still there, asked each time. */
  let isThere: () => boolean = () => true;

  beforeAll(async () => {
    test = await startTestApp({ config: { mail: TEST_MAIL } });
    contest = await createContest(test);
    test.app.get(MailKinds).register('test-erased', () => Promise.resolve(isThere() ? letterTo('Ana') : undefined));
  });
  afterAll(async () => {
    await test.stop();
  });

  const folderOf = (userId: string) => join(test.config.dataDir, 'mail', userId);
  const filesOf = (userId: string, kind: string) => lettersIn(test, userId, kind);

  async function until(reached: () => boolean | Promise<boolean>): Promise<void> {
    const deadline = Date.now() + 15_000;
    while (!(await reached())) {
      if (Date.now() > deadline) throw new Error('It did not come to that in time');
      await sleep(30);
    }
  }
  async function post(kind: string, userId: string): Promise<string> {
    const [row] = await test.database.query<{ id: string }[]>(`SELECT enqueue_mail($1, $2, '{}') AS id`, [
      kind,
      userId,
    ]);
    return row!.id;
  }
  const isDone = async (id: string): Promise<boolean> => {
    const [row] = await test.database.query<{ state: string }[]>('SELECT state FROM letters WHERE id = $1', [id]);
    return row?.state === 'completed';
  };
  async function win(player: SessionBody): Promise<string> {
    const [code = ''] = await unplayedCodes(test, contest, 1);
    expect((await play(test, code, player)).status).toBe(200);
    await until(() => filesOf(player.user.id, 'prize-won').length > 0);
    return code;
  }

  it('are files that nobody else may read, one folder per person', async () => {
    const player = await registerCustomer(test, { firstName: 'Zoé', lastName: 'Lefèvre' });
    const code = await win(player);
    const [name = ''] = filesOf(player.user.id, 'prize-won');
    expect(name).toMatch(/^\d{8}T\d{6}Z-prize-won-[0-9a-f-]{36}\.eml$/);
    const file = join(folderOf(player.user.id), name);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(folderOf(player.user.id)).mode & 0o777).toBe(0o700);
    const content = readFileSync(file, 'utf8');
    expect(content).not.toMatch(/[^\r]\n/);
    const letter = await simpleParser(content);
    expect(letter.subject).toMatch(/^Bravo Zoé/);
    expect(letter.text).toContain(code);
    expect(letter.html).toContain(code);
    expect(letter.to).toMatchObject({ text: `"Zoé Lefèvre" <${player.user.email}>` });
    expect(readdirSync(folderOf(player.user.id)).filter((other) => !other.endsWith('.eml'))).toEqual([]);
  });

  it('are told in the log by kind, id and file, and by nothing else', async () => {
    const player = await registerCustomer(test, { firstName: 'Maëlle', lastName: 'Ostermann' });
    await win(player);
    const [name = ''] = filesOf(player.user.id, 'prize-won');
    const file = join(folderOf(player.user.id), name);
    await until(() => test.logLines().some((line) => line['file'] === file));
    const { time, ...line } = test.logLines().find((other) => other['file'] === file)!;
    expect(time).toEqual(expect.any(String));
    expect(line).toEqual({ level: 'info', msg: 'Letter sent', kind: 'prize-won', mailId: name.slice(-40, -4), file });
    expect(JSON.stringify(test.logLines())).not.toMatch(/Maëlle|Ostermann|@example/);
  });

  it('are gone with the person', async () => {
    const [player, other] = [await registerCustomer(test), await registerCustomer(test)];
    await win(player);
    await win(other);
    const files = test.app.get(MailFiles);
    await files.forget(player.user.id);
    expect(existsSync(folderOf(player.user.id))).toBe(false);
    expect(filesOf(other.user.id, 'prize-won')).toHaveLength(1);
    // Nothing is there any more, and that is no fault.
    await files.forget(player.user.id);
    await expect(files.forget('..')).rejects.toThrow('id');
    expect(existsSync(join(test.config.dataDir, 'mail'))).toBe(true);
  });

  it('take themselves back where their reader is erased while they are written', async () => {
    let asked = 0;
    isThere = () => ++asked === 1;
    const id = await post('test-erased', PERSON.id);
    await until(() => isDone(id));
    expect(asked).toBe(2);
    expect(filesOf(PERSON.id, id)).toEqual([]);
    expect(test.logLines().filter(({ mailId }) => mailId === id)).toEqual([]);
  });

  it('take back what a process left that died before it could ask again', async () => {
    isThere = () => true;
    const id = await post('test-erased', PERSON.id);
    await until(() => isDone(id));
    expect(filesOf(PERSON.id, id)).toHaveLength(1);
    isThere = () => false;
    await test.database.query(`UPDATE pgboss.job SET state = 'retry', completed_on = NULL WHERE id = $1`, [id]);
    await until(() => filesOf(PERSON.id, id).length === 0);
    await until(() => isDone(id));
  });
});
