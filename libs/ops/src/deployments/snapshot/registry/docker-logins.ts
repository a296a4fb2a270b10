import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { isMissing } from '../../../files/file-fault';
import { RegistryFailure } from './registry-failure';

export interface Login {
  user: string;
  password: string;
}

/** What there is to be known of the login at a registry. */
export interface KnownLogin {
  login?: Login;
  /** Why there is one that can't be used, for a person. */
  unusable?: string;
}

interface DockerConfig {
  auths?: Record<string, { auth?: string; identitytoken?: string } | null>;
  credsStore?: string;
  credHelpers?: Record<string, string>;
}

/**
 * The logins of `docker login`, as they stand in its config.json. Credential helpers are not asked: each is a program of its
 * own, that some desktop unlocks.
 */
export class DockerLogins {
  private readonly file: string;

  /** @param folder DOCKER_CONFIG; the user's own where undefined */
  constructor(folder: string | undefined) {
    this.file = join(folder ?? join(homedir(), '.docker'), 'config.json');
  }

  /**
   * @param names under which the login may stand
   * @throws RegistryFailure where the file can't be read
   */
  async find(names: readonly string[]): Promise<KnownLogin> {
    const { auths, credsStore, credHelpers } = await this.read();
    for (const [key, entry] of Object.entries(auths ?? {})) {
      if (!names.includes(hostOf(key))) continue;
      const login = entry?.auth === undefined ? undefined : parseLogin(entry.auth);
      if (login) return { login };
      if (entry?.identitytoken !== undefined) {
        return { unusable: `${this.file} has an identity token for it, and no password` };
      }
    }
    const helper = names.map((name) => credHelpers?.[name]).find((name) => name !== undefined) ?? credsStore;
    if (helper === undefined) return {};
    return { unusable: `its password is kept by the credential helper ${helper}, which is not asked` };
  }

  private async read(): Promise<DockerConfig> {
    try {
      const config: unknown = JSON.parse(await readFile(this.file, 'utf8'));
      return typeof config === 'object' && config !== null ? config : {};
    } catch (error) {
      if (isMissing(error)) return {};
      // A parser's message quotes what it has read, which holds passwords.
      const { code = 'it is no JSON document' } = error as NodeJS.ErrnoException;
      throw new RegistryFailure(`${this.file} can’t be read: ${code}`, false);
    }
  }
}

/** `https://images.example:5000/v1/` is a key as well as `images.example:5000`. */
function hostOf(key: string): string {
  return key.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
}

function parseLogin(auth: string): Login | undefined {
  const text = Buffer.from(auth, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 1 ? undefined : { user: text.slice(0, colon), password: text.slice(colon + 1) };
}
