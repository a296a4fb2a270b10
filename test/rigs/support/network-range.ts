import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { promisify } from 'node:util';

const run = promisify(execFile);
const FIRST = 201;
const LAST = 249;
const LOCK_WAIT_SECONDS = 10;

/**
 * Addresses for the networks of one engine that nobody on this machine has.
 *
 * The engine itself is told to leave the machine's packet filter alone: its rules stand in chains that every engine of a
 * machine shares, and each empties them when it starts. One rule lets the packets of this range pass, where some other
 * engine keeps them from it, and is taken back. Ports are published by the engine's proxy, names by its resolver, as ever.
 */
export class NetworkRange {
  private constructor(private readonly cidr: string) {}

  static async take(): Promise<NetworkRange> {
    const range = new NetworkRange(await freeRange());
    await range.filter('--insert');
    return range;
  }

  /** For dockerd. */
  get options(): string[] {
    return ['--default-address-pool', `base=${this.cidr},size=24`];
  }

  async giveBack(): Promise<void> {
    await this.filter('--delete');
  }

  private async filter(action: '--insert' | '--delete'): Promise<void> {
    const rule = ['FORWARD', '--source', this.cidr, '--destination', this.cidr, '--jump', 'ACCEPT'];
    await run('iptables', ['--wait', String(LOCK_WAIT_SECONDS), action, ...rule], {
      env: { PATH: '/usr/sbin:/sbin:/usr/bin:/bin' },
    });
  }
}

/** 10.x.0.0/16 of an x that no route and no rule of this machine names; of those a random one, as others choose as well. */
async function freeRange(): Promise<string> {
  const { stdout: rules } = await run('iptables', ['--wait', String(LOCK_WAIT_SECONDS), '--list-rules', 'FORWARD'], {
    env: { PATH: '/usr/sbin:/sbin:/usr/bin:/bin' },
  });
  const taken = new Set([...rules.matchAll(/\b10\.(\d+)\./g)].map(([, x]) => Number(x)));
  for (const line of (await readFile('/proc/net/route', 'utf8')).split('\n').slice(1)) {
    // Hexadecimal, the first byte of the address last.
    const [, x, first] = /^\S+\s+[0-9A-F]{4}([0-9A-F]{2})([0-9A-F]{2})/.exec(line) ?? [];
    if (first === '0A') taken.add(parseInt(x ?? '', 16));
  }
  for (const { address } of Object.values(networkInterfaces()).flatMap((each) => each ?? [])) {
    if (address.startsWith('10.')) taken.add(Number(address.split('.')[1]));
  }
  const free = Array.from({ length: LAST - FIRST + 1 }, (_, n) => FIRST + n).filter((x) => !taken.has(x));
  const x = free[Math.floor(Math.random() * free.length)];
  if (x === undefined) throw new Error('No range of addresses is free');
  return `10.${x}.0.0/16`;
}
