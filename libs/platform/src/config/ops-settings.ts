import { Type } from 'class-transformer';
import { IsArray, IsIn, IsInt, IsOptional, IsString, IsUrl, Matches, Max, Min } from 'class-validator';
import { type DeploySwitch, DEPLOY_SWITCHES, OPS_ENVIRONMENTS, type OpsEnvironment } from './ops-config';
import { Fulfils, isCronLine, isDatabaseUrl, list } from './setting-rules';

const HTTP_URL = { require_tld: false, protocols: ['http', 'https'], require_protocol: true };

function wholeNumber(min: number, max = Number.MAX_SAFE_INTEGER): PropertyDecorator {
  return (target, key) => {
    for (const decorate of [Type(() => Number), IsInt(), Min(min), Max(max)]) decorate(target, key);
  };
}

function isSftpUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, hostname, password, pathname } = new URL(text);
  return protocol === 'sftp:' && username !== '' && password === '' && hostname !== '' && pathname.length > 1;
}

function isDockerHost(text: string): boolean {
  return /^unix:\/\/\/./.test(text) || (/^tcp:\/\/[^/]/.test(text) && URL.canParse(text));
}

/** As it begins an image's name: a host, perhaps a port, perhaps folders. */
function isRegistry(text: string): boolean {
  return /^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:\d{1,5})?(\/[a-z0-9]+([._-]+[a-z0-9]+)*)*$/.test(text);
}

/** The settings of operations; `.env.example` describes each. */
export class OpsSettings {
  @IsOptional()
  @IsIn(OPS_ENVIRONMENTS)
  OPS_ENVIRONMENT?: OpsEnvironment;

  @IsOptional()
  @Matches(/^[0-9a-f]{7,64}$/, { message: 'must be the hash of a commit' })
  SERVICE_REVISION?: string;

  @IsIn(['on', 'off'])
  OPS_SCHEDULER: 'on' | 'off' = 'off';

  @Fulfils(isCronLine, { message: 'must be a cron line of five fields, 0 2 * * * for one' })
  BACKUP_CRON = '0 2 * * *';

  @IsOptional()
  @IsString()
  BACKUP_DIR?: string;

  @IsOptional()
  @Fulfils(isDatabaseUrl, { message: 'must be a postgres:// URL, special characters in its password as %XX' })
  BACKUP_DATABASE_URL?: string;

  @IsOptional()
  @Fulfils(isDatabaseUrl, { message: 'must be a postgres:// URL, special characters in its password as %XX' })
  BACKUP_SCRATCH_DATABASE_URL?: string;

  @list
  @IsArray()
  @Matches(/^age1[02-9ac-hj-np-z]{58}$/, { each: true, message: 'must be comma-separated public keys, age1…' })
  BACKUP_AGE_RECIPIENTS: string[] = [];

  @IsOptional()
  @IsString()
  BACKUP_DRILL_KEY_FILE?: string;

  @wholeNumber(0)
  BACKUP_RESERVE_BYTES = 1_073_741_824;

  @wholeNumber(1, 86_400)
  BACKUP_STALL_SECONDS = 300;

  @wholeNumber(1, 172_800)
  BACKUP_STEP_SECONDS = 14_400;

  @wholeNumber(1, 10)
  BACKUP_ATTEMPTS = 3;

  @wholeNumber(0, 3600)
  BACKUP_RETRY_SECONDS = 30;

  @IsOptional()
  @IsUrl(HTTP_URL, { message: 'must be an http(s) URL' })
  BACKUP_S3_ENDPOINT?: string;

  @IsString()
  BACKUP_S3_REGION = 'us-east-1';

  @IsOptional()
  @IsString()
  BACKUP_S3_BUCKET?: string;

  @IsString()
  BACKUP_S3_PREFIX = '';

  @IsOptional()
  @IsString()
  BACKUP_S3_ACCESS_KEY_ID?: string;

  @IsOptional()
  @IsString()
  BACKUP_S3_SECRET_ACCESS_KEY?: string;

  @IsOptional()
  @Fulfils(isSftpUrl, { message: 'must be sftp://user@host:port/path, without a password' })
  BACKUP_SFTP_URL?: string;

  @IsOptional()
  @IsString()
  BACKUP_SFTP_KEY_FILE?: string;

  @IsOptional()
  @Matches(/^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)) [A-Za-z0-9+/]+=*( .*)?$/, {
    message: 'must be a public key as known_hosts has it, ssh-ed25519 AAAA…',
  })
  BACKUP_SFTP_HOST_KEY?: string;

  @IsOptional()
  @Fulfils(isDockerHost, { message: 'must be unix:///path or tcp://host:port' })
  DOCKER_HOST?: string;

  @list
  @IsArray()
  @Matches(/^[a-z0-9][\w./:@-]*$/, { each: true, message: 'must be comma-separated image names' })
  BACKUP_IMAGES: string[] = [];

  @list
  @IsArray()
  BACKUP_CONFIG_PATHS: string[] = [];

  @list
  @IsArray()
  BACKUP_CONFIG_OPTIONAL_PATHS: string[] = [];

  @IsOptional()
  @IsString()
  JENKINS_HOME?: string;

  @list
  @IsArray()
  @Matches(/^[^\s@<>,]+@[^\s@<>,]+$/, { each: true, message: 'must be comma-separated e-mail addresses' })
  ALERT_EMAILS: string[] = [];

  @IsOptional()
  @IsUrl(HTTP_URL, { message: 'must be an http(s) URL' })
  ALERT_WEBHOOK_URL?: string;

  @wholeNumber(1, 8760)
  BACKUP_STALE_HOURS = 26;

  @wholeNumber(1, 366)
  BACKUP_KEEP_DAILY_DAYS = 7;

  @wholeNumber(0, 520)
  BACKUP_KEEP_WEEKLY_WEEKS = 4;

  @wholeNumber(0, 120)
  BACKUP_KEEP_MONTHLY_MONTHS = 12;

  @wholeNumber(1, 100)
  BACKUP_KEEP_PRE_DEPLOY = 5;

  @wholeNumber(1, 3660)
  BACKUP_KEEP_LOCAL_DAYS = 30;

  @wholeNumber(1, 3660)
  BACKUP_KEEP_REMOTE_DAYS = 90;

  @wholeNumber(2, 100)
  BACKUP_KEEP_FLOOR = 2;

  @wholeNumber(1, 1000)
  BACKUP_REMOVE_AT_MOST = 20;

  @IsOptional()
  @IsString()
  DEPLOY_PATH?: string;

  @IsOptional()
  @Fulfils(isRegistry, { message: 'must be the address of a registry without a scheme, host:port for one' })
  REGISTRY?: string;

  @IsIn(['on', 'off'])
  DEPLOY_FRONTEND: 'on' | 'off' = 'on';

  @IsOptional()
  @IsIn(DEPLOY_SWITCHES)
  DEPLOY_SWITCH?: DeploySwitch;

  @IsOptional()
  @Matches(/^[^\p{Cc}]{1,200}$/u, { message: 'must be a line of 200 characters at most' })
  DEPLOY_BY?: string;

  @IsOptional()
  @IsString()
  DEPLOY_SOURCE?: string;

  @wholeNumber(1, 100)
  DEPLOY_HEALTH_TRIES = 10;

  @wholeNumber(0, 300)
  DEPLOY_HEALTH_SECONDS = 5;

  @IsOptional()
  @IsString()
  DOCKER_CONFIG?: string;

  /** Settings without a default. */
  static readonly OPTIONAL = [
    'OPS_ENVIRONMENT',
    'SERVICE_REVISION',
    'BACKUP_DIR',
    'BACKUP_DATABASE_URL',
    'BACKUP_SCRATCH_DATABASE_URL',
    'BACKUP_DRILL_KEY_FILE',
    'BACKUP_S3_ENDPOINT',
    'BACKUP_S3_BUCKET',
    'BACKUP_S3_ACCESS_KEY_ID',
    'BACKUP_S3_SECRET_ACCESS_KEY',
    'BACKUP_SFTP_URL',
    'BACKUP_SFTP_KEY_FILE',
    'BACKUP_SFTP_HOST_KEY',
    'DOCKER_HOST',
    'JENKINS_HOME',
    'ALERT_WEBHOOK_URL',
    'DEPLOY_PATH',
    'REGISTRY',
    'DEPLOY_SWITCH',
    'DEPLOY_BY',
    'DEPLOY_SOURCE',
    'DOCKER_CONFIG',
  ] as const satisfies readonly (keyof OpsSettings)[];
}
