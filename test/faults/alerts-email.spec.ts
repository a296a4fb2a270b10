import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Test } from '@nestjs/testing';
import { AppConfig, Clock, createLogger, LOGGER, MovableClock } from '@tiptop/platform';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { AlertPacing } from '../../libs/ops/src/alerts/alert-pacing';
import { Alerter } from '../../libs/ops/src/alerts/alerter';
import { Alerts } from '../../libs/ops/src/alerts/alerts';
import { alertBench, FAILURE } from '../support/alert-bench';
import { TEST_MAIL } from '../support/mail-folder';
import { opsConfig } from '../support/ops-config';
import '../support/one-realm';
import { readMail } from '../support/received-mail';
import { SELF_SIGNED } from '../support/self-signed';
import { SmtpInbox } from '../support/smtp-inbox';
import { WebhookReceiver } from '../support/webhook-receiver';

const [ADMIN, OTHER] = ['admin@the-tip-top.example', 'night@the-tip-top.example'];

describe('Alerts by e-mail', () => {
  let inbox: SmtpInbox;

  beforeEach(async () => {
    inbox = await SmtpInbox.open();
  });

  afterEach(async () => {
    await inbox.close();
  });

  it('go straight to the server, one letter to all, with the report beside it', async () => {
    const { alerter, lines, log } = alertBench({ alertEmails: [ADMIN, OTHER] }, { mail: inbox.mail });
    expect(await alerter.send({ ...FAILURE, html: '<p>é</p>' })).toEqual([]);
    expect(inbox.attempts).toBe(2);
    const [letter] = inbox.letters;
    expect(inbox.letters).toHaveLength(1);
    expect(letter!.subject).toBe('[prod] ÉCHEC / FAILURE: The nightly backup has failed');
    expect(letter!.header('to')).toBe(`${ADMIN}, ${OTHER}`);
    expect(letter!.header('auto-submitted')).toBe('auto-generated');
    expect(letter!.header('x-priority')).toBe('1 (Highest)');
    expect(letter!.text).toContain('FRANÇAIS\nIl faut agir.\nEnvironnement : prod\n');
    expect(letter!.text).toContain('What to do: Check that the destination answers');
    expect(letter!.raw).toContain('filename=daily-20261122T020000Z.report.html');
    expect(letter!.raw).toContain(Buffer.from('<p>é</p>').toString('base64'));
    expect(lines()).toMatchObject([{ level: 'info', channel: 'e-mail', attempts: 1, msg: 'An alert was told' }]);
    expect(log()).not.toMatch(/admin@|night@/);
  });

  it('are tried again, and are the same letter then', async () => {
    const ids: string[] = [];
    inbox.refuse((attempt) => {
      return attempt === 1 ? 'recipient-later' : attempt === 2 ? 'drop' : undefined;
    });
    const { alerter, lines } = alertBench({ alertEmails: [ADMIN] }, { mail: inbox.mail });
    expect(await alerter.send(FAILURE)).toEqual([]);
    ids.push(...inbox.letters.map(({ messageId }) => messageId));
    expect(inbox.attempts).toBe(3);
    expect(ids).toEqual([expect.stringMatching(/^<[0-9a-f-]{36}@the-tip-top\.example>$/)]);
    expect(lines().map(({ level }) => level)).toEqual(['warn', 'warn', 'info']);
    expect(lines().some(({ reason }) => String(reason).includes(ADMIN))).toBe(false);
  });

  it('say so where the server refuses one of the recipients', async () => {
    inbox.refuse((_, to) => (to === OTHER ? 'recipient-never' : undefined));
    const { alerter, lines } = alertBench({ alertEmails: [ADMIN, OTHER] }, { mail: inbox.mail });
    expect(await alerter.send(FAILURE)).toEqual([]);
    expect(inbox.letters).toHaveLength(1);
    expect(lines()).toMatchObject([{ level: 'warn', refused: '1 of its recipients' }]);
  });

  it('fail in words where nobody listens', async () => {
    const { mail } = inbox;
    await inbox.close();
    const { alerter, lines } = alertBench({ alertEmails: [ADMIN] }, { mail });
    expect(await alerter.send(FAILURE)).toEqual(['e-mail']);
    expect(lines().map(({ level }) => level)).toEqual(['warn', 'warn', 'error', 'error']);
    expect(lines()[2]!['reason']).toContain('ECONNREFUSED');
    inbox = await SmtpInbox.open();
  });

  it('take nothing from the webhook, nor it from them', async () => {
    const hook = await WebhookReceiver.open();
    try {
      const ops = { alertEmails: [ADMIN], alertWebhookUrl: hook.url };
      inbox.refuse(() => 'content-later');
      expect(await alertBench(ops, { mail: inbox.mail }).alerter.send(FAILURE)).toEqual(['e-mail']);
      expect(hook.posts).toHaveLength(1);
      inbox.refuse();
      hook.respond(() => 500);
      const bench = alertBench(ops, { mail: inbox.mail });
      expect(await bench.alerter.send(FAILURE)).toEqual(['webhook']);
      expect(inbox.letters).toHaveLength(1);
      expect(bench.log()).not.toContain('has reached nobody');
      // The one that was told is not told again; the other is.
      hook.respond();
      expect(await bench.alerter.send(FAILURE)).toEqual([]);
      expect(inbox.letters).toHaveLength(1);
      expect(hook.posts).toHaveLength(1 + 3 + 1);
      expect(hook.posts.at(-1)!.body).toContain('Déjà arrivé 1 fois');
    } finally {
      await hook.close();
    }
  });

  it('wait no longer than they may for a server that takes a letter and says nothing', async () => {
    inbox.hold();
    const { alerter, lines } = alertBench({ alertEmails: [ADMIN] }, { mail: inbox.mail, pacing: { emailMs: 1500 } });
    expect(await alerter.send(FAILURE)).toEqual(['e-mail']);
    expect(lines()[2]).toMatchObject({ level: 'error', reason: 'there was no answer within 1.5 s', attempts: 3 });
    expect(inbox.holding).toBe(3);
  });

  it('wait no longer, and leave no connection, where a server does not even greet', async () => {
    const sockets = new Set<Socket>();
    const server: Server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
      // Nodemailer's end is seen once what it says is read.
      socket.resume();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const smtpUrl = `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const mail = { ...TEST_MAIL, smtpUrl };
      const { alerter, lines } = alertBench({ alertEmails: [ADMIN] }, { mail, pacing: { emailMs: 300 } });
      expect(await alerter.send(FAILURE)).toEqual(['e-mail']);
      expect(lines()[2]).toMatchObject({ level: 'error', reason: 'there was no answer within 0.3 s' });
      await inbox.until(() => sockets.size === 0, 20_000);
    } finally {
      for (const socket of sockets) socket.destroy();
      server.close();
    }
  });

  it('become a file where there is no server, in development', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'tiptop-alerts-'));
    try {
      const { alerter } = alertBench({ alertEmails: [ADMIN] }, { dataDir });
      expect(await alerter.send(FAILURE)).toEqual([]);
      const folder = join(dataDir, 'mail', '00000000-0000-0000-0000-000000000000');
      const [name] = await readdir(folder);
      expect(name).toMatch(/^20261122T0207\d\dZ-ops-alert-[0-9a-f-]{36}\.eml$/);
      expect((await stat(join(folder, name!))).mode & 0o777).toBe(0o600);
      const letter = await readMail(await readFile(join(folder, name!)));
      expect(letter).toMatchObject({ to: ADMIN, subject: '[prod] ÉCHEC / FAILURE: The nightly backup has failed' });
      // Its own name, not one that each try would make anew.
      expect(letter.messageId).toBe(`<${name!.slice(-40, -4)}@the-tip-top.example>`);
    } finally {
      await rm(dataDir, { recursive: true, force: true });
    }
  });

  it('never become a file that nobody reads, in production', async () => {
    const bench = alertBench({ alertEmails: [ADMIN], scheduler: true }, { environment: 'production' });
    expect(await bench.alerter.send(FAILURE)).toEqual(['e-mail']);
    expect(bench.lines()[0]).toMatchObject({ level: 'error', reason: 'SMTP_URL is not set, which ALERT_EMAILS need' });
    bench.alerter.onApplicationBootstrap();
    expect(bench.lines().at(-1)).toMatchObject({
      level: 'warn',
      msg: 'Nobody will be told of failed backups by e-mail: SMTP_URL is not set',
    });
  });
});

describe('Alerts by a server that can’t be trusted or does not trust us', () => {
  async function serverWith(options: SMTPServerOptions): Promise<{ server: SMTPServer; port: number }> {
    const server = new SMTPServer({ logger: false, ...options });
    server.on('error', () => undefined);
    server.listen(0, '127.0.0.1');
    await once(server.server, 'listening');
    return { server, port: (server.server.address() as AddressInfo).port };
  }

  async function stop(server: SMTPServer): Promise<void> {
    for (const connection of server.connections) connection._socket.destroy();
    await new Promise<void>((resolve) => {
      server.close(resolve);
    });
  }

  it('are not told over STARTTLS with a certificate that does not fit', async () => {
    let letters = 0;
    const { server, port } = await serverWith({
      ...SELF_SIGNED,
      authOptional: true,
      onMailFrom: (_address, _session, answer) => {
        letters++;
        answer();
      },
    });
    try {
      const mail = { ...TEST_MAIL, smtpUrl: `smtp://127.0.0.1:${port}` };
      const { alerter, lines } = alertBench({ alertEmails: [ADMIN] }, { mail });
      expect(await alerter.send(FAILURE)).toEqual(['e-mail']);
      expect(letters).toBe(0);
      expect(lines()[2]).toMatchObject({ level: 'error', channel: 'e-mail', attempts: 3 });
      expect(lines()[2]!['reason']).toMatch(/certificate/);
    } finally {
      await stop(server);
    }
  });

  it('keep the password out of the log, whatever the server repeats of it', async () => {
    const seen: string[] = [];
    const { server, port } = await serverWith({
      hideSTARTTLS: true,
      allowInsecureAuth: true,
      authMethods: ['PLAIN'],
      onAuth: (auth, _session, answer) => {
        const [username, password] = [auth.username ?? '', auth.password ?? ''];
        seen.push(password);
        const plain = Buffer.from(`\0${username}\0${password}`).toString('base64');
        answer(new Error(`no ${username} with ${password}, ${Buffer.from(password).toString('base64')} or ${plain}`));
      },
    });
    try {
      const mail = { ...TEST_MAIL, smtpUrl: `smtp://relay:Sm%2Ftp%40Pass@127.0.0.1:${port}` };
      const { alerter, lines, log } = alertBench({ alertEmails: [ADMIN] }, { mail });
      expect(await alerter.send(FAILURE)).toEqual(['e-mail']);
      expect(seen).toEqual(Array(3).fill('Sm/tp@Pass'));
      expect(lines()[2]!['reason']).toContain('no relay with [redacted], [redacted] or [redacted]');
      for (const secret of ['Sm/tp', 'Sm%2F', 'Pass', Buffer.from('Sm/tp@Pass').toString('base64').slice(0, 8)]) {
        expect(log()).not.toContain(secret);
      }
    } finally {
      await stop(server);
    }
  });
});

describe('Alerts without a channel', () => {
  it('stand in the log as a whole, and a scheduler says at its start that nobody will be told', async () => {
    const { alerter, lines } = alertBench({ scheduler: true });
    alerter.onApplicationBootstrap();
    expect(await alerter.send(FAILURE)).toEqual([]);
    expect(lines()).toMatchObject([
      {
        level: 'warn',
        msg: 'Nobody will be told of failed backups: neither ALERT_EMAILS nor ALERT_WEBHOOK_URL is set',
      },
      { level: 'warn', msg: 'An alert has no channel to go by', alertLevel: 'failure' },
    ]);
    expect(lines()[1]!['text']).toContain('Cause: it keeps half of what was sent');
  });

  it('are sent by what Nest makes, with the pacing of the service', async () => {
    const clock = new MovableClock();
    const logger = createLogger('silent');
    const module = await Test.createTestingModule({
      providers: [
        { provide: AppConfig, useValue: opsConfig({}) },
        { provide: Clock, useValue: clock },
        { provide: LOGGER, useValue: logger },
        { provide: Alerts, useClass: Alerter },
      ],
    }).compile();
    expect(await module.get(Alerts).send(FAILURE)).toEqual([]);
    expect(new AlertPacing()).toEqual({ tries: 3, pauseMs: 2000, emailMs: 15_000, webhookMs: 10_000, wholeMs: 60_000 });
  });

  it('are no matter of a process that makes no backups', () => {
    const { alerter, lines } = alertBench({ scheduler: false });
    alerter.onApplicationBootstrap();
    expect(lines()).toEqual([]);
  });
});
