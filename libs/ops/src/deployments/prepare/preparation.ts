import { X509Certificate } from 'node:crypto';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type AppConfig, type Clock, type Migrator, OPERATOR } from '@tiptop/platform';
import { StepFailure } from '../../backups/backup-source';
import { fileFailure } from '../../files/file-fault';
import { KeyPairs } from '../../keys/key-pairs';
import { Processes } from '../../processes/processes';
import { Compose } from '../containers/compose';
import { EngineProgram } from '../containers/engine-program';
import type { Underway } from '../deployment-watch';
import {
  awaitDatabase,
  BACKUP_ROLE,
  type DatabaseRole,
  ensureRoles,
  SCRATCH_ROLE,
  SERVICE_ROLE,
} from './database-roles';
import { EnvironmentFolder } from './environment-folder';
import {
  askedSettings,
  certificateNames,
  databaseUrls,
  EMPTY_SECRETS,
  HOST_SECRETS,
  type PrepareRequest,
  RANDOM_SECRETS,
  usualSettings,
} from './preparation-plan';
import { newSecret, SecretFiles } from './secret-files';
import { CERTIFICATE, SelfSignedCertificate } from './self-signed-certificate';
import { type Settings, SettingsFile } from './settings-file';

const DATABASE_PATIENCE_MS = 120_000;
const RECIPIENTS_AT_LEAST = 2;
const HEADING =
  '# Settings of this environment, for compose and for tiptop on this host; see .env.example and docs/deployments.md.';

/** What was made of a folder. */
export interface Prepared {
  path: string;
  /** Files and secrets that were not there before; nothing where everything was. */
  made: string[];
  /** Migrations that were applied to a new database. */
  migrated: string[];
  /** The certificate in use, where it is one that nobody but this host vouches for; null otherwise. */
  selfSigned: string | null;
  /** What whoever prepared has to know. */
  notes: string[];
}

interface Secrets {
  /** As this host reaches the database. */
  ownerUrl: string;
  roles: DatabaseRole[];
  made: string[];
}

/** By the file that its URL stands in. */
const ROLES = [
  { file: 'database_url', name: SERVICE_ROLE, database: 'tiptop', attributes: '' },
  { file: 'backup_database_url', name: BACKUP_ROLE, database: 'tiptop', attributes: 'IN ROLE pg_read_all_data' },
  { file: 'scratch_database_url', name: SCRATCH_ROLE, database: 'postgres', attributes: 'CREATEDB' },
] as const;

type Migrations = Pick<Migrator, 'up' | 'status'>;

/** Makes an environment on a host: its folder, its secrets and its database; what is there stays as it is. */
export class Preparation {
  constructor(
    private readonly compose: Pick<Compose, 'check' | 'up'>,
    private readonly certificates: Pick<SelfSignedCertificate, 'ensure'>,
    private readonly keyPairs: Pick<KeyPairs, 'generate' | 'write'>,
    private readonly migratorOf: (ownerUrl: string) => Migrations,
  ) {}

  /** As the command line needs it: there is no database yet, and with it nothing that is wired together. */
  static with(config: AppConfig, clock: Clock, migratorOf: (ownerUrl: string) => Migrations): Preparation {
    const processes = new Processes();
    const compose = new Compose(new EngineProgram(config, processes));
    return new Preparation(compose, new SelfSignedCertificate(processes), new KeyPairs(clock), migratorOf);
  }

  /**
   * May be called again after any end of it, and goes on where it was.
   * @throws StepFailure, ProcessFailure
   */
  async prepare(request: PrepareRequest, underway: Underway): Promise<Prepared> {
    const { path, environment, source } = request;
    const folder = new EnvironmentFolder(path);
    const file = new SettingsFile(join(path, '.env'));
    const notes: string[] = [];
    const before = await file.read();
    requireSameEnvironment(request, before);
    requireRecipients(request, before);

    underway.progress(`making ${path}`);
    const made = await folder.furnish(source, environment);
    const recipients = await this.recipients(request, before, notes);
    const written = await file.merge(askedSettings(request, recipients), usualSettings(request, before), HEADING);
    const settings = await file.read();
    const secrets = await this.secrets(path, settings);
    if (!(await folder.lendSettings(source))) {
      notes.push(`The .env in ${source} is another one: put ${file.path} in its place before you deploy from there`);
    }
    const selfSigned = await this.certificate(request, notes, underway);
    await makeBackupFolder(settings['BACKUP_DIR'] ?? '');

    await this.compose.check(path, underway);
    await this.compose.up(path, { services: ['postgres'], recreate: 'never' }, underway);
    await awaitDatabase(secrets.ownerUrl, DATABASE_PATIENCE_MS, underway);
    underway.progress('making the database’s roles');
    await ensureRoles(secrets.ownerUrl, secrets.roles);
    const migrated = await this.migrate(secrets.ownerUrl, notes, underway);
    if (written.length > 0) made.push('.env');
    return { path, made: [...made, ...secrets.made], migrated, selfSigned, notes };
  }

  /** Those that were given, or in the first place made: production's private keys are made elsewhere. */
  private async recipients(request: PrepareRequest, before: Settings, notes: string[]): Promise<readonly string[]> {
    if (request.recipients.length > 0 || before['BACKUP_AGE_RECIPIENTS'] !== undefined) return request.recipients;
    const folder = join(request.path, 'backup-keys');
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const made: string[] = [];
    for (let n = 1; n <= RECIPIENTS_AT_LEAST; n++) {
      const pair = await this.keyPairs.generate();
      // A number that is free: a key that a preparation left which did not come to its end is in no use, and stays.
      await this.keyPairs.write(await freeName(folder), pair);
      made.push(pair.recipient);
    }
    notes.push(`Keys for the backups were made in ${folder}: take the private ones away to a safe place`);
    return made;
  }

  private async secrets(path: string, settings: Settings): Promise<Secrets> {
    const within = new SecretFiles(join(path, 'secrets'), 'containers');
    const onHost = new SecretFiles(join(path, HOST_SECRETS));
    for (const name of RANDOM_SECRETS) await within.ensure(name, newSecret);
    for (const name of EMPTY_SECRETS) await within.ensure(name, () => '');
    const password = await within.ensure('postgres_password', newSecret);
    const port = settings['POSTGRES_PORT'] ?? '';
    const owner = databaseUrls('tiptop_owner', password, port, 'tiptop');
    await within.ensure('owner_database_url', () => owner.within);
    const ownerUrl = await onHost.ensure('owner_database_url', () => owner.host);
    const roles: DatabaseRole[] = [];
    for (const { file, database, ...role } of ROLES) {
      const url = await within.ensure(file, () => databaseUrls(role.name, newSecret(), port, database).within);
      const known = passwordIn(url, within.pathOf(file));
      await onHost.ensure(file, () => databaseUrls(role.name, known, port, database).host);
      roles.push({ ...role, password: known });
    }
    const made = [
      ...within.made.map((name) => `secrets/${name}`),
      ...onHost.made.map((name) => `${HOST_SECRETS}/${name}`),
    ];
    return { ownerUrl, roles, made };
  }

  private async certificate({ path, publicUrl }: PrepareRequest, notes: string[], u: Underway): Promise<string | null> {
    const folder = join(path, 'certificates');
    const isNew = await this.certificates.ensure(folder, certificateNames(publicUrl), u.signal);
    const file = join(folder, CERTIFICATE);
    const selfSigned = isNew || (await isSelfSigned(file));
    if (!selfSigned) return null;
    notes.push(
      `The certificate in ${folder} is self-signed: put fullchain.pem and privkey.pem of an authority in its place. Until ` +
        `then tiptop believes it with NODE_EXTRA_CA_CERTS=${file}`,
    );
    return file;
  }

  /** On a database that is in use the deployment migrates: after its snapshot. */
  private async migrate(ownerUrl: string, notes: string[], u: Underway): Promise<string[]> {
    const migrator = this.migratorOf(ownerUrl);
    const states = await migrator.status();
    if (states.some(({ applied }) => applied)) {
      const pending = states.filter(({ applied }) => !applied).length;
      if (pending > 0) notes.push(`${pending} migration(s) are pending: the next deployment applies them`);
      return [];
    }
    u.progress('migrating the new database');
    return migrator.up({ by: OPERATOR, serviceRole: SERVICE_ROLE });
  }
}

/** @throws StepFailure before anything was made */
function requireSameEnvironment({ environment, path }: PrepareRequest, { OPS_ENVIRONMENT: present }: Settings): void {
  if (present === undefined || present === environment) return;
  throw new StepFailure(`${path} is the folder of ${present}, not of ${environment}`, false);
}

/** @throws StepFailure before anything was made */
function requireRecipients({ environment, recipients }: PrepareRequest, before: Settings): void {
  const known = recipients.length > 0 ? recipients : (before['BACKUP_AGE_RECIPIENTS'] ?? '').split(',').filter(Boolean);
  const enough = new Set(known).size >= RECIPIENTS_AT_LEAST;
  if (enough || (environment !== 'prod' && known.length === 0)) return;
  throw new StepFailure(
    'Two different public keys of the backups are needed (--recipients age1…,age1…): make two pairs with ' +
      '"tiptop backup keygen" on a machine that is not backed up',
    false,
  );
}

async function makeBackupFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    throw fileFailure(path, error);
  });
}

function passwordIn(url: string, file: string): string {
  const password = URL.canParse(url) ? decodeURIComponent(new URL(url).password) : '';
  if (password === '') throw new StepFailure(`${file} holds no URL with a password`, false);
  return password;
}

async function isSelfSigned(file: string): Promise<boolean> {
  const text = await readFile(file).catch(() => undefined);
  if (text === undefined) return false;
  try {
    const { issuer, subject } = new X509Certificate(text);
    return issuer === subject;
  } catch (error) {
    throw new StepFailure(`${file} is no certificate`, false, { cause: error });
  }
}

/** The first name `backup-N.key` of a folder that nothing has. */
async function freeName(folder: string): Promise<string> {
  const taken = new Set(await readdir(folder));
  for (let n = 1; ; n++) {
    const name = `backup-${n}.key`;
    if (!taken.has(name)) return join(folder, name);
  }
}
