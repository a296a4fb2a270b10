import { link, lstat, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { syncToDisk } from '../../artifacts/hashed-file';
import type { Processes } from '../../processes/processes';

const LIMITS = { totalMs: 60_000, stallMs: 30_000 };
const DAYS = '397';

/** As certbot names them. */
export const CERTIFICATE = 'fullchain.pem';
export const CERTIFICATE_KEY = 'privkey.pem';

/** A certificate for as long as there is no real one. */
export class SelfSignedCertificate {
  constructor(private readonly processes: Processes) {}

  /**
   * Makes one where the folder has none; what stands there is never touched.
   * @param names hosts and addresses that it shall be good for
   * @returns whether it was made
   * @throws ProcessFailure where there is no openssl, or where it fails
   */
  async ensure(folder: string, names: readonly string[], signal: AbortSignal): Promise<boolean> {
    await mkdir(folder, { recursive: true, mode: 0o755 });
    const [certificate, key] = [join(folder, CERTIFICATE), join(folder, CERTIFICATE_KEY)];
    if ((await exists(certificate)) || (await exists(key))) return false;
    const draft = await mkdtemp(join(folder, '.new-'));
    try {
      await this.processes.run({
        program: 'openssl',
        args: [
          ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-sha256'],
          ...['-days', DAYS, '-subj', `/CN=${names[0] ?? 'localhost'}`],
          ...['-addext', `subjectAltName=${names.map(alternativeName).join(',')}`],
          ...['-addext', 'extendedKeyUsage=serverAuth'],
          ...['-keyout', join(draft, CERTIFICATE_KEY), '-out', join(draft, CERTIFICATE)],
        ],
        signal,
        limits: LIMITS,
      });
      // The key first: a certificate without its key is none.
      await link(join(draft, CERTIFICATE_KEY), key);
      await link(join(draft, CERTIFICATE), certificate);
      await syncToDisk(folder);
      return true;
    } finally {
      await rm(draft, { recursive: true, force: true });
    }
  }
}

function alternativeName(name: string): string {
  return isIP(name) === 0 ? `DNS:${name}` : `IP:${name}`;
}

async function exists(path: string): Promise<boolean> {
  // A link of certbot's whose target is gone is somebody's all the same.
  return lstat(path).then(
    () => true,
    (error: unknown) => (error as NodeJS.ErrnoException).code !== 'ENOENT',
  );
}
