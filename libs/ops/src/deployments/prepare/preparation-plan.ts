import { isIP } from 'node:net';
import { join } from 'node:path';
import type { OpsEnvironment } from '@tiptop/platform';
import { SERVICE_ROLE } from './database-roles';
import type { Settings } from './settings-file';

/** What an environment shall be. */
export interface PrepareRequest {
  environment: OpsEnvironment;
  /** How the world reaches it: `https://api.preprod.example`. */
  publicUrl: URL;
  /** Its folder on this host, absolute. */
  path: string;
  /** The checkout. */
  source: string;
  registry: string | undefined;
  /** Public keys of the backups, `age1…`; none where they are set already, or are to be made. */
  recipients: readonly string[];
  /** Folder of the backups on this host; what is set already, or the usual one, where left out. */
  backupDir: string | undefined;
  /** Whether there is no frontend; otherwise it is as it is set. */
  withoutFrontend: boolean;
  dockerHost: string | undefined;
}

/** Where the database is published to this host alone; three environments fit on one host. */
const POSTGRES_PORTS: Readonly<Record<OpsEnvironment, number>> = { prod: 5432, preprod: 5433, dev: 5434 };
const HTTPS_PORT = '443';
const UNIX = 'unix://';
const DOCKER_HOST = `${UNIX}/var/run/docker.sock`;

/** Secrets that containers read, empty where what they are for is switched off. */
export const EMPTY_SECRETS = ['smtp_url', 's3_secret_access_key', 'sftp_key', 'drill_key'] as const;
export const RANDOM_SECRETS = ['jwt_secret', 'deck_secret', 'account_secret'] as const;

/** Folder of the secrets that tiptop reads on this host, and no container. */
export const HOST_SECRETS = 'host-secrets';

/** What is asked for by name: it replaces what is set. */
export function askedSettings(request: PrepareRequest, recipients: readonly string[]): Settings {
  const { environment, publicUrl, path, registry, backupDir, withoutFrontend } = request;
  return {
    OPS_ENVIRONMENT: environment,
    DEPLOY_PATH: path,
    PUBLIC_URL: publicUrl.origin,
    HTTPS_PORT: publicUrl.port === '' ? HTTPS_PORT : publicUrl.port,
    ...(registry !== undefined && { REGISTRY: registry }),
    ...(recipients.length > 0 && { BACKUP_AGE_RECIPIENTS: recipients.join(',') }),
    ...(backupDir !== undefined && { BACKUP_DIR: backupDir, BACKUP_DIR_ON_HOST: backupDir }),
    ...(withoutFrontend && { DEPLOY_FRONTEND: 'off' }),
  };
}

/** What is set where nothing is; nor the file of a setting that stands there by itself. */
export function usualSettings(request: PrepareRequest, before: Settings): Settings {
  const usual = Object.entries(settingsOf(request));
  return Object.fromEntries(usual.filter(([name]) => before[name.replace(/_FILE$/, '')] === undefined));
}

function settingsOf({ environment, path, registry, dockerHost = DOCKER_HOST }: PrepareRequest): Settings {
  const hosts = (name: string): string => join(path, HOST_SECRETS, name);
  const secrets = (name: string): string => join(path, 'secrets', name);
  const backupDir = environment === 'prod' ? '/srv/backups' : `/srv/backups-${environment}`;
  return {
    NODE_ENV: 'production',
    COMPOSE_PROJECT_NAME: `the-tip-top-${environment}`,
    COMPOSE_FILE: `docker-compose.yml:docker-compose.${environment}.yml:docker-compose.images.yml`,
    POSTGRES_PORT: String(POSTGRES_PORTS[environment]),
    DATABASE_URL_FILE: hosts('database_url'),
    DATABASE_SERVICE_ROLE: SERVICE_ROLE,
    JWT_SECRET_FILE: secrets('jwt_secret'),
    DECK_SECRET_FILE: secrets('deck_secret'),
    ACCOUNT_SECRET_FILE: secrets('account_secret'),
    SMTP_URL_FILE: secrets('smtp_url'),
    // Letters wait until there is a mail server.
    MAIL_DELIVERY: 'off',
    DOCKER_HOST: dockerHost,
    ...(dockerHost.startsWith(UNIX) && { DOCKER_SOCKET: dockerHost.slice(UNIX.length) }),
    BACKUP_DIR: backupDir,
    BACKUP_DIR_ON_HOST: backupDir,
    BACKUP_DATABASE_URL_FILE: hosts('backup_database_url'),
    BACKUP_SCRATCH_DATABASE_URL_FILE: hosts('scratch_database_url'),
    BACKUP_CONFIG_PATHS: path,
    ...(registry !== undefined && { BACKUP_IMAGES: `${registry}/backend:${environment}-latest` }),
  };
}

/** Whom a certificate of this host's own has to be good for. */
export function certificateNames({ hostname }: URL): string[] {
  const host = hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0) return [host];
  // The site beside the service: www and the bare name.
  const domain = /^api\.(.+)$/.exec(host)?.[1];
  return domain === undefined ? [host] : [host, domain, `www.${domain}`];
}

/** A database as the containers reach it, and as this host does. */
export function databaseUrls(
  role: string,
  password: string,
  port: string,
  database: string,
): Record<'within' | 'host', string> {
  const urlOf = (place: string): string => `postgres://${role}:${password}@${place}/${database}`;
  return { within: urlOf('postgres:5432'), host: urlOf(`127.0.0.1:${port}`) };
}
