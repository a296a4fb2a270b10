import { once } from 'node:events';
import { connect } from 'node:net';
import { startTestApp } from '../support/test-app';

describe('A stop', () => {
  // The connection's own time-out, 30 s, would be waited for otherwise.
  it('does not wait for a connection that never sent a request', async () => {
    const test = await startTestApp();
    const { hostname, port } = new URL(test.client.url);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    await test.client.get('/health/live');
    const closed = once(socket, 'close');
    await test.stop();
    await closed;
    await expect(test.client.get('/health/live')).rejects.toThrow();
  }, 10_000);
});
