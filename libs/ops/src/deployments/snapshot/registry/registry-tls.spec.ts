import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { rootCertificates } from 'node:tls';
import { opsConfig } from '../../../../../../test/support/ops-config';
import { stopServer } from '../../../../../../test/support/loopback-server';
import { SELF_SIGNED } from '../../../../../../test/support/self-signed';
import { RegistryClient } from './registry-client';
import type { RegistryTrust, Trust } from './registry-trust';

describe('A registry that speaks TLS', () => {
  let server: Server;
  let asked: number;

  beforeEach(async () => {
    asked = 0;
    server = createServer(SELF_SIGNED, (_, response) => {
      asked++;
      response.end('{"tags": ["v1"]}');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterEach(async () => {
    await stopServer(server);
  });

  async function tags(trust: Trust): Promise<string[]> {
    const client = new RegistryClient(opsConfig({}), { of: () => Promise.resolve(trust) } as unknown as RegistryTrust);
    const { port } = server.address() as AddressInfo;
    return client.open(`127.0.0.1:${port}/backend`, new AbortController().signal).tags();
  }

  it('is asked nothing where nobody vouches for it', async () => {
    await expect(tags({ insecure: false, ca: undefined })).rejects.toThrow(
      /can’t be reached: DEPTH_ZERO_SELF_SIGNED_CERT/,
    );
    expect(asked).toBe(0);
  });

  it('is asked nothing where its certificate is good, and another one’s', async () => {
    const ca = [...rootCertificates, SELF_SIGNED.cert];
    await expect(tags({ insecure: false, ca })).rejects.toThrow(/can’t be reached: ERR_TLS_CERT_ALTNAME_INVALID/);
    expect(asked).toBe(0);
  });

  it('is asked where the engine takes it without proof', async () => {
    await expect(tags({ insecure: true, ca: undefined })).resolves.toEqual(['v1']);
  });
});
