import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { registerCustomer } from '../support/builders';
import { startTestApp, type TestApp } from '../support/test-app';

describe('An entry of the audit log', () => {
  let test: TestApp;

  beforeAll(async () => {
    test = await startTestApp();
  });
  afterAll(async () => {
    await test.stop();
  });

  /** A refused sign-in, its body sent a while after its head. */
  async function slowLogin(agent: Agent, email: string, id: string): Promise<void> {
    const body = JSON.stringify({ email, password: 'a wrong guess' });
    const headers = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      'x-request-id': id,
    };
    await new Promise<void>((settle, fail) => {
      const sent = request(`${test.client.url}/v1/auth/login`, { method: 'POST', agent, headers }, (answer) => {
        answer.resume();
        answer.once('end', settle);
      });
      sent.once('error', fail);
      sent.flushHeaders();
      void sleep(60).then(() => sent.write(body.slice(0, 10)));
      void sleep(120).then(() => sent.end(body.slice(10)));
    });
  }

  it('bears the id and the address of its own request, on a connection that carries several, bodies trickling in', async () => {
    const { user } = await registerCustomer(test);
    const agents = [1, 2].map(() => new Agent({ keepAlive: true, maxSockets: 1 }));
    const ids: string[] = [];
    await Promise.all(
      agents.map(async (agent, connection) => {
        for (const turn of [1, 2, 3]) {
          const id = `connection-${connection.toString()}-turn-${turn.toString()}`;
          ids.push(id);
          await slowLogin(agent, user.email, id);
        }
      }),
    );
    for (const agent of agents) agent.destroy();
    const rows = await test.database.query<{ id: string; address: string }[]>(
      `SELECT request_id AS id, address FROM audit_entries WHERE action = 'sign-in-refused' ORDER BY request_id`,
    );
    expect(rows).toEqual(ids.sort().map((id) => ({ id, address: '127.0.0.1' })));
  });
});
