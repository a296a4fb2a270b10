import { once } from 'node:events';
import { connect } from 'node:net';
import { startTestApp, type TestApp } from '../support/test-app';

describe('A stop', () => {
  let test: TestApp;

  beforeAll(async () => {
    test = await startTestApp();
  });

  // The connection's own time-out, 30 s, would be waited for otherwise.
  it('does not wait for a connection that never sent a request', async () => {
    const { hostname, port } = new URL(test.client.url);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    await test.client.get('/health/live');
    const closed = once(socket, 'close');
    await test.stop();
    await closed;
    await expect(test.client.get('/health/live')).rejects.toThrow();
  }, 25_000);
});
