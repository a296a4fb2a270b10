import { createServer } from 'node:https';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { SlackPayload } from '../../libs/ops/src/alerts/slack-payload';
import { alertBench, FAILURE } from '../support/alert-bench';
import { stopServer } from '../support/loopback-server';
import '../support/one-realm';
import { SELF_SIGNED } from '../support/self-signed';
import { WebhookReceiver } from '../support/webhook-receiver';

const SECRET = 's3cr3tOfTheHook';

describe('Alerts by webhook', () => {
  let hook: WebhookReceiver;

  beforeEach(async () => {
    hook = await WebhookReceiver.open();
  });

  afterEach(async () => {
    await hook.close();
  });

  it('are posted as Slack’s JSON', async () => {
    const { alerter, lines } = alertBench({ alertWebhookUrl: hook.url });
    expect(await alerter.send(FAILURE)).toEqual([]);
    const [post] = hook.posts;
    expect(post).toMatchObject({ method: 'POST', path: `/services/T0001/B0002/${SECRET}` });
    expect(post!.headers['content-type']).toBe('application/json');
    const payload = JSON.parse(post!.body) as SlackPayload;
    expect(payload.text).toContain('[prod] ÉCHEC / FAILURE: The nightly backup has failed\nIl faut agir.');
    expect(payload.attachments[0]!.fields).toContainEqual({
      title: 'Sauvegarde / Backup',
      value: 'daily-20261122T020000Z',
      short: true,
    });
    expect(lines()).toMatchObject([{ level: 'info', channel: 'webhook', attempts: 1, msg: 'An alert was told' }]);
  });

  it('are tried again after an answer of 500, with pauses that double', async () => {
    hook.respond((attempt) => (attempt <= 2 ? { status: 500, text: 'try later' } : 200));
    const { alerter, lines } = alertBench({ alertWebhookUrl: hook.url }, { pacing: { pauseMs: 100 } });
    expect(await alerter.send(FAILURE)).toEqual([]);
    const [first, second, third] = hook.posts.map(({ at }) => at);
    expect(hook.posts).toHaveLength(3);
    expect(second! - first!).toBeGreaterThanOrEqual(98);
    expect(third! - second!).toBeGreaterThanOrEqual(198);
    expect(lines().map(({ level, reason }) => [level, reason])).toEqual([
      ['warn', 'it answers 500: try later'],
      ['warn', 'it answers 500: try later'],
      ['info', undefined],
    ]);
  });

  it.each<[string, Parameters<WebhookReceiver['respond']>[0], string, number]>([
    ['500 for ever', () => 500, 'it answers 500: ok', 3],
    ['429 for ever', () => 429, 'it answers 429: ok', 3],
    ['no answer at all', () => 'hang', 'there was no answer within 0.5 s', 3],
    ['an answer that does not end', () => 'drip', 'there was no answer within 0.5 s', 3],
    ['a connection that is cut', () => 'drop', 'other side closed (UND_ERR_SOCKET)', 3],
    ['404', () => ({ status: 404, text: 'no_team' }), 'it answers 404: no_team', 1],
  ])('fail in words after %s', async (_, answer, reason, posts) => {
    hook.respond(answer);
    const { alerter, lines, log } = alertBench({ alertWebhookUrl: hook.url });
    expect(await alerter.send(FAILURE)).toEqual(['webhook']);
    expect(hook.posts).toHaveLength(posts);
    const errors = lines().filter(({ level }) => level === 'error');
    expect(errors).toMatchObject([
      { channel: 'webhook', reason, attempts: posts, msg: 'An alert could not be told' },
      { msg: 'An alert has reached nobody' },
    ]);
    // The log is the last one to hear it.
    expect(errors[1]!['text']).toContain('Cause : it keeps half of what was sent');
    expect(log()).not.toContain(SECRET);
  });

  it.each([301, 302, 307, 308])('follow no redirect (%i)', async (status) => {
    const elsewhere = await WebhookReceiver.open('/elsewhere');
    try {
      hook.respond(() => ({ status, location: elsewhere.url }));
      const { alerter, lines } = alertBench({ alertWebhookUrl: hook.url });
      expect(await alerter.send(FAILURE)).toEqual(['webhook']);
      expect(hook.posts).toHaveLength(1);
      expect(elsewhere.posts).toEqual([]);
      const reason = `it answers ${status}, a redirect, and redirects are not followed`;
      expect(lines()[0]).toMatchObject({ level: 'error', reason });
    } finally {
      await elsewhere.close();
    }
  });

  it('say that nothing listens there, and never where', async () => {
    const gone = await WebhookReceiver.open();
    await gone.close();
    const { alerter, lines, log } = alertBench({ alertWebhookUrl: gone.url });
    expect(await alerter.send(FAILURE)).toEqual(['webhook']);
    const reason = 'the connection was refused: nothing listens there (ECONNREFUSED)';
    expect(lines().filter((line) => line['reason'] === reason)).toHaveLength(3);
    expect(log()).not.toContain(SECRET);
  });

  it('trust no certificate that nobody has signed', async () => {
    let requests = 0;
    const server = createServer(SELF_SIGNED, (_request, response) => {
      requests++;
      response.end();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const { port } = server.address() as AddressInfo;
      const { alerter, lines, log } = alertBench({ alertWebhookUrl: `https://127.0.0.1:${port}/hooks/${SECRET}` });
      expect(await alerter.send(FAILURE)).toEqual(['webhook']);
      expect(requests).toBe(0);
      expect(lines()[0]!['reason']).toContain('its certificate is not trusted (');
      expect(log()).not.toContain(SECRET);
    } finally {
      await stopServer(server);
    }
  });

  it('end within their time, however long the tries would take', async () => {
    hook.respond(() => 'hang');
    const { alerter, lines } = alertBench({ alertWebhookUrl: hook.url }, { pacing: { tries: 50, wholeMs: 1200 } });
    const begun = performance.now();
    expect(await alerter.send(FAILURE)).toEqual(['webhook']);
    expect(performance.now() - begun).toBeLessThan(2500);
    expect(hook.posts.length).toBeGreaterThan(1);
    expect(hook.posts.length).toBeLessThan(10);
    expect(lines().filter(({ msg }) => msg === 'An alert could not be told')).toHaveLength(1);
  });

  it('keep an address’s secrets out of the log, whatever the other side repeats of them', async () => {
    const path = `/hooks/${SECRET}?token=t0kenOfTheHook`;
    const answering = await WebhookReceiver.open(path);
    try {
      answering.respond((_, { path: asked, headers }) => ({
        status: 400,
        text: `no ${asked} with ${headers.authorization ?? ''}, ${SECRET}`,
      }));
      const url = answering.url.replace('http://', 'http://ops:h00k%40Password@');
      const { alerter, lines, log } = alertBench({ alertWebhookUrl: url });
      expect(await alerter.send({ ...FAILURE, subject: `Posting to ${url} failed` })).toEqual(['webhook']);
      const [post] = answering.posts;
      expect(post!.path).toBe(path);
      expect(post!.headers.authorization).toBe(`Basic ${Buffer.from('ops:h00k@Password').toString('base64')}`);
      expect(lines()[0]!['reason']).toMatch(/^it answers 400: no \[redacted\]/);
      for (const secret of [SECRET, 't0kenOfTheHook', 'h00k', post!.headers.authorization!.slice(6)]) {
        expect(log()).not.toContain(secret);
      }
    } finally {
      await answering.close();
    }
  });

  it('tell the same failure once an hour, another at once, and good news always', async () => {
    const { alerter, clock, lines } = alertBench({ alertWebhookUrl: hook.url });
    const texts = () => hook.posts.map(({ body }) => (JSON.parse(body) as SlackPayload).text);
    await alerter.send(FAILURE);
    expect(await alerter.send(FAILURE)).toEqual([]);
    expect(await alerter.send({ ...FAILURE, facts: { ...FAILURE.facts, backup: 'daily-20261122T020100Z' } })).toEqual(
      [],
    );
    expect(texts()).toHaveLength(1);
    expect(lines().filter(({ msg }) => msg === 'An alert was told within the hour and is not repeated')).toHaveLength(
      2,
    );
    await alerter.send({ ...FAILURE, facts: { ...FAILURE.facts, cause: 'the connection was cut' } });
    expect(texts()).toHaveLength(2);
    clock.moveBy(3_601_000);
    await alerter.send(FAILURE);
    expect(texts()).toHaveLength(3);
    expect(texts()[2]).toContain('Déjà arrivé 2 fois');
    expect(texts()[2]).toContain('It has happened 2 times');
    const success = { level: 'success', subject: 'The nightly backup is verified', text: 'All is well' } as const;
    await alerter.send(success);
    await alerter.send(success);
    expect(texts()).toHaveLength(5);
  });
});
