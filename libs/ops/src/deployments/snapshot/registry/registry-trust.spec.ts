import type { DockerEngine } from '../../../docker/docker-engine';
import { isListed, RegistryTrust } from './registry-trust';

const { signal } = new AbortController();
/** Part of what `docker info` tells of an engine with two insecure registries. */
const CONFIG = {
  InsecureRegistryCIDRs: ['10.1.0.0/16', 'fd00::/8', '127.0.0.0/8'],
  IndexConfigs: { 'registry.example:5000': { Secure: false } },
};

function trustOf(answer: () => Promise<unknown>): RegistryTrust {
  return new RegistryTrust({ call: answer } as unknown as DockerEngine);
}

describe('How far a registry is trusted', () => {
  it.each([
    ['registry.example:5000', true],
    ['registry.example', false],
    ['10.1.255.1:5000', true],
    ['10.2.0.1:5000', false],
    ['[fd00::1]:5000', true],
    ['[fe80::1]:5000', false],
  ])('is what the engine is told: %s without proof is %s', async (host, insecure) => {
    expect(isListed(host, CONFIG)).toBe(insecure);
    const trust = trustOf(() => Promise.resolve({ RegistryConfig: CONFIG }));
    await expect(trust.of(host, signal)).resolves.toEqual({ insecure, ca: undefined });
  });

  it.each(['localhost', 'localhost:5000', '127.0.0.1:5000', '127.9.9.9', '[::1]:5000'])(
    'is without proof on this machine, whoever is asked: %s',
    async (host) => {
      const trust = trustOf(() => Promise.reject(new Error('The engine is away')));
      await expect(trust.of(host, signal)).resolves.toEqual({ insecure: true, ca: undefined });
    },
  );

  it('is with proof where the engine can’t be asked, or tells nothing', async () => {
    for (const answer of [() => Promise.reject(new Error('away')), () => Promise.resolve({})]) {
      await expect(trustOf(answer).of('10.1.0.1:5000', signal)).resolves.toMatchObject({ insecure: false });
    }
    expect(isListed('10.1.0.1', undefined)).toBe(false);
    expect(isListed('10.1.0.1', { InsecureRegistryCIDRs: null, IndexConfigs: null })).toBe(false);
  });
});
