import { resolve } from 'node:path';
import { Preparation, type Prepared, type PrepareRequest } from '@tiptop/ops';
import { type AppConfig, Migrator, OPS_ENVIRONMENTS, type OpsEnvironment, SystemClock } from '@tiptop/platform';
import { Option, SubCommand } from 'nest-commander';
import { schema } from '../../../../migrations/data-source';
import { UsageError } from '../failures/cli-error';
import { oneOf } from '../options/options';
import { CliCommand } from './cli-command';

const RECIPIENT = /^age1[02-9ac-hj-np-z]{58}$/;
/** As compose, nginx and a shell take a path without quotes. */
const PLAIN_PATH = /^\/[A-Za-z0-9/._-]+$/;
const REGISTRY = /^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:\d{1,5})?(\/[a-z0-9]+([._-]+[a-z0-9]+)*)*$/;

interface PrepareOptions {
  env?: OpsEnvironment;
  publicUrl?: URL;
  registry?: string;
  path?: string;
  recipients?: string[];
  backupDir?: string;
  withoutFrontend?: true;
}

@SubCommand({
  name: 'prepare',
  description: 'Make this host ready for an environment: folder, settings, secrets, certificate, database',
})
export class DeployPrepare extends CliCommand {
  override async run(): Promise<void> {
    // The command above has options of the same names, and gets whatever stands behind its own name.
    const request = this.requestOf(this.command.optsWithGlobals());
    const preparation = Preparation.with(this.configFor(request), new SystemClock(), migratorOf);
    const progress = (text: string): void => {
      if (!this.output.json) this.output.note(text);
    };
    const prepared = await this.backend.interruptibly(async (signal) =>
      preparation.prepare(request, { signal, progress }),
    );
    this.output.result(prepared, describe(prepared));
    if (!this.output.json) for (const note of prepared.notes) this.output.note(`${note}.`);
  }

  private requestOf(options: PrepareOptions): PrepareRequest {
    const { env, publicUrl, registry, recipients = [], backupDir, withoutFrontend } = options;
    if (env === undefined) throw new UsageError(`--env is missing: ${OPS_ENVIRONMENTS.join(', ')}.`);
    if (!publicUrl)
      throw new UsageError('--public-url is missing: the address by which the world reaches the service.');
    const { path = `/srv/devops/the-tip-top/${env}` } = options;
    const { dockerHost } = this.backend.config.ops;
    return {
      ...{ environment: env, publicUrl, path, source: process.cwd() },
      ...{ registry, recipients, backupDir, dockerHost, withoutFrontend: withoutFrontend ?? false },
    };
  }

  /** The engine and its logins are those of this shell; everything else is the environment's. */
  private configFor({ path }: PrepareRequest): AppConfig {
    const { config } = this.backend;
    return config.with({ ops: { ...config.ops, deploy: { ...config.ops.deploy, path } } });
  }

  @Option({ flags: '--env <environment>', description: OPS_ENVIRONMENTS.join(', ') })
  parseEnv(text: string): OpsEnvironment {
    return oneOf('--env', text, OPS_ENVIRONMENTS);
  }

  @Option({
    flags: '--public-url <url>',
    description: 'how the world reaches the service: https://api.preprod.example',
  })
  parsePublicUrl(text: string): URL {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (url?.protocol === 'https:' && url.pathname === '/' && !url.search && !url.hash && !url.username) return url;
    throw new UsageError('--public-url must be https://, a host, perhaps a port, and nothing else.');
  }

  @Option({ flags: '--registry <address>', description: 'where the images come from: registry.example:5000' })
  parseRegistry(text: string): string {
    if (REGISTRY.test(text)) return text;
    throw new UsageError('--registry must be a host without a scheme, perhaps with a port and a folder.');
  }

  @Option({
    flags: '--path <folder>',
    description: 'of the environment; /srv/devops/the-tip-top/<environment> by default',
  })
  parsePath(text: string): string {
    return plainPath('--path', text);
  }

  @Option({ flags: '--recipients <keys>', description: 'public keys of the backups, comma-separated; prod wants two' })
  parseRecipients(text: string): string[] {
    const keys = text.split(',').map((key) => key.trim());
    if (keys.every((key) => RECIPIENT.test(key))) return keys;
    throw new UsageError('--recipients must be public keys, age1…, with a comma between.');
  }

  @Option({ flags: '--backup-dir <folder>', description: 'of the backups on this host, better on another disk' })
  parseBackupDir(text: string): string {
    return plainPath('--backup-dir', text);
  }

  @Option({ flags: '--without-frontend', description: 'the environment has no frontend' })
  acceptWithoutFrontend(): true {
    return true;
  }
}

function migratorOf(ownerUrl: string): Migrator {
  return new Migrator(ownerUrl, schema);
}

function plainPath(option: string, text: string): string {
  const path = resolve(text);
  if (PLAIN_PATH.test(path)) return path;
  throw new UsageError(`${option} must be a folder whose path has letters, digits, dots, _ and - alone.`);
}

function describe({ path, made, migrated }: Prepared): string {
  if (made.length === 0 && migrated.length === 0) return `${path} is ready, as it was.`;
  return [
    `${path} is ready.`,
    ...made.map((name) => `  made ${name}`),
    ...migrated.map((name) => `  applied ${name}`),
  ].join('\n');
}
