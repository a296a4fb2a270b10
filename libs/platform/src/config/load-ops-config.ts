import { userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import type { DeployConfig, OpsConfig, OpsEnvironment, S3Config, SftpConfig } from './ops-config';
import type { OpsSettings } from './ops-settings';

const SFTP_PORT = 22;
/** Below it each environment has its folder. */
const ENVIRONMENTS_FOLDER = '/srv/devops/the-tip-top';

const S3_SETTINGS = [
  'BACKUP_S3_ENDPOINT',
  'BACKUP_S3_BUCKET',
  'BACKUP_S3_ACCESS_KEY_ID',
  'BACKUP_S3_SECRET_ACCESS_KEY',
] as const;
const SFTP_SETTINGS = ['BACKUP_SFTP_URL', 'BACKUP_SFTP_KEY_FILE', 'BACKUP_SFTP_HOST_KEY'] as const;

/** What is set by halves, or does not go together. */
export function opsProblems(settings: OpsSettings & { NODE_ENV: string }): string[] {
  const problems: string[] = [];
  for (const names of [S3_SETTINGS, SFTP_SETTINGS]) {
    const given = names.filter((name) => settings[name] !== undefined);
    if (given.length === 0 || given.length === names.length) continue;
    const [first = ''] = given;
    for (const name of names) if (settings[name] === undefined) problems.push(`${name}: is required beside ${first}`);
  }
  if (settings.BACKUP_IMAGES.length > 0 && settings.DOCKER_HOST === undefined) {
    problems.push('DOCKER_HOST: is required beside BACKUP_IMAGES');
  }
  if (settings.BACKUP_KEEP_DAILY_DAYS > settings.BACKUP_KEEP_LOCAL_DAYS) {
    problems.push('BACKUP_KEEP_LOCAL_DAYS: must not be less than BACKUP_KEEP_DAILY_DAYS');
  }
  const production = settings.NODE_ENV === 'production';
  if (production && settings.OPS_SCHEDULER === 'on' && settings.BACKUP_AGE_RECIPIENTS.length < 2) {
    problems.push('BACKUP_AGE_RECIPIENTS: two public keys at least are required in production');
  }
  return problems;
}

export function opsConfigOf(
  settings: OpsSettings,
  { dataDir, production }: { dataDir: string; production: boolean },
): OpsConfig {
  const environment = settings.OPS_ENVIRONMENT ?? (production ? 'prod' : 'dev');
  return {
    environment,
    revision: settings.SERVICE_REVISION,
    scheduler: settings.OPS_SCHEDULER === 'on',
    backupCron: settings.BACKUP_CRON,
    backupDir: resolve(settings.BACKUP_DIR ?? join(dataDir, 'backups')),
    backupDatabaseUrl: settings.BACKUP_DATABASE_URL,
    scratchDatabaseUrl: settings.BACKUP_SCRATCH_DATABASE_URL,
    ageRecipients: settings.BACKUP_AGE_RECIPIENTS,
    drillKeyFile: settings.BACKUP_DRILL_KEY_FILE,
    reserveBytes: settings.BACKUP_RESERVE_BYTES,
    stallSeconds: settings.BACKUP_STALL_SECONDS,
    stepSeconds: settings.BACKUP_STEP_SECONDS,
    attempts: settings.BACKUP_ATTEMPTS,
    retrySeconds: settings.BACKUP_RETRY_SECONDS,
    s3: s3Of(settings),
    sftp: sftpOf(settings),
    dockerHost: settings.DOCKER_HOST,
    images: settings.BACKUP_IMAGES,
    configPaths: settings.BACKUP_CONFIG_PATHS,
    optionalConfigPaths: settings.BACKUP_CONFIG_OPTIONAL_PATHS,
    jenkinsHome: settings.JENKINS_HOME,
    alertEmails: settings.ALERT_EMAILS,
    alertWebhookUrl: settings.ALERT_WEBHOOK_URL,
    staleAfterHours: settings.BACKUP_STALE_HOURS,
    keep: {
      dailyDays: settings.BACKUP_KEEP_DAILY_DAYS,
      weeklyWeeks: settings.BACKUP_KEEP_WEEKLY_WEEKS,
      monthlyMonths: settings.BACKUP_KEEP_MONTHLY_MONTHS,
      preDeploy: settings.BACKUP_KEEP_PRE_DEPLOY,
      localDays: settings.BACKUP_KEEP_LOCAL_DAYS,
      remoteDays: settings.BACKUP_KEEP_REMOTE_DAYS,
      floor: settings.BACKUP_KEEP_FLOOR,
      removeAtMost: settings.BACKUP_REMOVE_AT_MOST,
    },
    deploy: deployOf(settings, environment),
  };
}

function deployOf(settings: OpsSettings, environment: OpsEnvironment): DeployConfig {
  return {
    path: resolve(settings.DEPLOY_PATH ?? join(ENVIRONMENTS_FOLDER, environment)),
    registry: settings.REGISTRY,
    frontend: settings.DEPLOY_FRONTEND === 'on',
    switch: settings.DEPLOY_SWITCH ?? (environment === 'prod' ? 'rolling' : 'recreate'),
    by: settings.DEPLOY_BY ?? loginName(),
    source: resolve(settings.DEPLOY_SOURCE ?? '.'),
    healthTries: settings.DEPLOY_HEALTH_TRIES,
    healthSeconds: settings.DEPLOY_HEALTH_SECONDS,
    dockerConfig: settings.DOCKER_CONFIG,
  };
}

/** In a container the user may be a number without a name. */
function loginName(): string {
  try {
    return userInfo().username;
  } catch {
    return `user ${process.getuid?.() ?? 'unknown'}`;
  }
}

function s3Of(settings: OpsSettings): S3Config | undefined {
  const { BACKUP_S3_ENDPOINT, BACKUP_S3_BUCKET } = settings;
  if (BACKUP_S3_ENDPOINT === undefined || BACKUP_S3_BUCKET === undefined) return undefined;
  return {
    endpoint: BACKUP_S3_ENDPOINT,
    region: settings.BACKUP_S3_REGION,
    bucket: BACKUP_S3_BUCKET,
    prefix: settings.BACKUP_S3_PREFIX.replace(/^\/+|\/+$/g, ''),
    accessKeyId: settings.BACKUP_S3_ACCESS_KEY_ID ?? '',
    secretAccessKey: settings.BACKUP_S3_SECRET_ACCESS_KEY ?? '',
  };
}

function sftpOf(settings: OpsSettings): SftpConfig | undefined {
  if (settings.BACKUP_SFTP_URL === undefined) return undefined;
  const { hostname, port, username, pathname } = new URL(settings.BACKUP_SFTP_URL);
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? SFTP_PORT : Number(port),
    user: decodeURIComponent(username),
    path: decodeURIComponent(pathname),
    keyFile: settings.BACKUP_SFTP_KEY_FILE ?? '',
    hostKey: settings.BACKUP_SFTP_HOST_KEY ?? '',
  };
}
