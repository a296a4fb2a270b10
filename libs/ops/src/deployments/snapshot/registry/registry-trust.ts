import { readdir, readFile } from 'node:fs/promises';
import { BlockList, isIP } from 'node:net';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { Injectable } from '@nestjs/common';
import { asJson, DockerEngine } from '../../../docker/docker-engine';

/** Where the engine looks for certificates of registries, by their `host:port`. */
const CERTIFICATES = '/etc/docker/certs.d';

/** How far a registry is trusted. */
export interface Trust {
  /** Its certificate is not looked at, and where it speaks no TLS it is spoken with without. */
  insecure: boolean;
  /** Authorities whose certificates count; those of Node where undefined. */
  ca: readonly string[] | undefined;
}

/** Trusts registries as the engine does: those of this machine and its `insecure-registries` without proof. */
@Injectable()
export class RegistryTrust {
  constructor(private readonly engine: DockerEngine) {}

  /** @param host `host[:port]` */
  async of(host: string, signal: AbortSignal): Promise<Trust> {
    const insecure = isLoopback(host) || (await this.isInsecure(host, signal));
    return { insecure, ca: insecure ? undefined : await authoritiesOf(host) };
  }

  private async isInsecure(host: string, signal: AbortSignal): Promise<boolean> {
    try {
      const answer = await this.engine.call({ method: 'GET', path: '/info' }, signal, asJson);
      return isListed(host, answer.RegistryConfig);
    } catch {
      // Whoever can't be asked has allowed nothing.
      signal.throwIfAborted();
      return false;
    }
  }
}

/** As `docker info` has it. */
interface RegistryConfig {
  InsecureRegistryCIDRs?: string[] | null;
  IndexConfigs?: Record<string, { Secure?: boolean } | null> | null;
}

/** @param config of the engine, of whatever shape */
export function isListed(host: string, config: unknown): boolean {
  const { IndexConfigs, InsecureRegistryCIDRs } = Object(config) as RegistryConfig;
  if (IndexConfigs?.[host]?.Secure === false) return true;
  const address = addressOf(host);
  if (isIP(address) === 0) return false;
  const list = new BlockList();
  for (const cidr of InsecureRegistryCIDRs ?? []) {
    const [net = '', prefix = ''] = cidr.split('/');
    const family = isIP(net);
    if (family !== 0) list.addSubnet(net, Number(prefix), family === 4 ? 'ipv4' : 'ipv6');
  }
  return list.check(address, isIP(address) === 4 ? 'ipv4' : 'ipv6');
}

function isLoopback(host: string): boolean {
  const address = addressOf(host);
  return address === 'localhost' || address === '::1' || (isIP(address) === 4 && address.startsWith('127.'));
}

/** Without port and brackets. */
function addressOf(host: string): string {
  return new URL(`http://${host}`).hostname.replace(/^\[|\]$/g, '');
}

async function authoritiesOf(host: string): Promise<string[] | undefined> {
  const folder = join(CERTIFICATES, host);
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.crt'));
  if (names.length === 0) return undefined;
  return [...rootCertificates, ...(await Promise.all(names.map(async (name) => readFile(join(folder, name), 'utf8'))))];
}
