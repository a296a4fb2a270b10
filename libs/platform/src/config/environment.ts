import { isIP } from 'node:net';
import { Type } from 'class-transformer';
import { IsArray, IsIn, IsInt, IsOptional, IsString, IsUrl, Matches, Max, Min, MinLength } from 'class-validator';
import { OpsSettings } from './ops-settings';
import { Fulfils, isDatabaseUrl, list } from './setting-rules';

/** PUBLIC and NONE mean something else wherever a role may stand, in quotes as well. */
function isRoleName(text: string): boolean {
  return /^[A-Za-z_][\w$-]{0,62}$/.test(text) && !/^(pg_.*|public|none)$/i.test(text);
}

/** Scheme, host and port as a browser sends them: anything more would match no request. */
function isOrigin(text: string): boolean {
  return /^https?:\/\//.test(text) && URL.canParse(text) && new URL(text).origin === text;
}

function isAddressOrRange(text: string): boolean {
  const [address = '', bits, ...more] = text.split('/');
  const family = isIP(address);
  if (family === 0 || more.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
}

/** Where a browser may be sent back to: compared letter by letter, so without query and fragment. */
function isReturnUrl(text: string): boolean {
  if (!/^https?:\/\//.test(text) || !URL.canParse(text)) return false;
  const { username, password, search, hash } = new URL(text);
  return `${username}${password}${search}${hash}` === '' && !/[?#]/.test(text);
}

function isSmtpUrl(text: string): boolean {
  return /^smtps?:\/\/[^/]/.test(text) && URL.canParse(text);
}

const HTTP_URL = { require_tld: false, protocols: ['http', 'https'], require_protocol: true };
const SECRET_LENGTH = { message: 'must be at least 32 characters long' };

/** The settings as they stand in the environment; `.env.example` describes each. */
export class Environment extends OpsSettings {
  @IsIn(['development', 'test', 'production'])
  NODE_ENV: 'development' | 'test' | 'production' = 'development';

  @IsIn(['debug', 'info', 'warn', 'error', 'silent'])
  LOG_LEVEL: 'debug' | 'info' | 'warn' | 'error' | 'silent' = 'info';

  @IsOptional()
  @Fulfils(isDatabaseUrl, { message: 'must be a postgres:// URL, special characters in its password as %XX' })
  DATABASE_URL?: string;

  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(500)
  DATABASE_POOL_SIZE = 20;

  @IsOptional()
  @Fulfils(isRoleName, {
    message: 'must be the name of a database role: letters, digits, _, $ and -, not beginning with a digit or pg_',
  })
  DATABASE_SERVICE_ROLE?: string;

  @IsString()
  HOST = '';

  @Type(() => Number)
  @IsInt()
  @Min(0)
  @Max(65_535)
  PORT = 3000;

  @Type(() => Number)
  @IsInt()
  @Min(0)
  @Max(65_535)
  METRICS_PORT = 9464;

  @IsString()
  @MinLength(1)
  DATA_DIR = './.data';

  @IsOptional()
  @IsUrl(HTTP_URL, { message: 'must be an http(s) URL' })
  PUBLIC_URL?: string;

  @list
  @IsArray()
  @Fulfils(isOrigin, {
    each: true,
    message: 'must be a comma-separated list of origins without a path, https://shop.example for one',
  })
  CORS_ORIGINS: string[] = [];

  @list
  @IsArray()
  @Fulfils(isAddressOrRange, {
    each: true,
    message: 'must be a comma-separated list of addresses or CIDR ranges',
  })
  TRUSTED_PROXIES: string[] = [];

  @Type(() => Number)
  @IsInt()
  @Min(1000)
  @Max(120_000)
  REQUEST_TIMEOUT_MS = 15_000;

  @IsOptional()
  @IsString()
  @MinLength(32, SECRET_LENGTH)
  JWT_SECRET?: string;

  @IsOptional()
  @IsString()
  @MinLength(32, SECRET_LENGTH)
  DECK_SECRET?: string;

  @IsOptional()
  @IsString()
  @MinLength(32, SECRET_LENGTH)
  ACCOUNT_SECRET?: string;

  @IsOptional()
  @IsString()
  GOOGLE_CLIENT_ID?: string;

  @IsOptional()
  @IsString()
  GOOGLE_CLIENT_SECRET?: string;

  @IsUrl(HTTP_URL, { message: 'must be an http(s) URL' })
  GOOGLE_ISSUER = 'https://accounts.google.com';

  @list
  @IsArray()
  GOOGLE_MOBILE_CLIENT_IDS: string[] = [];

  @IsOptional()
  @IsString()
  FACEBOOK_APP_ID?: string;

  @IsOptional()
  @IsString()
  FACEBOOK_APP_SECRET?: string;

  @IsUrl(HTTP_URL, { message: 'must be an http(s) URL' })
  FACEBOOK_DIALOG_URL = 'https://www.facebook.com/v23.0/dialog/oauth';

  @IsUrl(HTTP_URL, { message: 'must be an http(s) URL' })
  FACEBOOK_GRAPH_URL = 'https://graph.facebook.com/v23.0';

  @Type(() => Number)
  @IsInt()
  @Min(100)
  @Max(60_000)
  PROVIDER_TIMEOUT_MS = 5000;

  @list
  @IsArray()
  @Fulfils(isReturnUrl, {
    each: true,
    message: 'must be a comma-separated list of http(s) URLs without query or fragment',
  })
  WEB_RETURN_URLS: string[] = [];

  @IsOptional()
  @Fulfils(isReturnUrl, { message: 'must be an http(s) URL without query or fragment' })
  WEB_URL?: string;

  @IsOptional()
  @Fulfils(isSmtpUrl, { message: 'must be an smtp:// or smtps:// URL, special characters in its password as %XX' })
  SMTP_URL?: string;

  @IsString()
  @Matches(/^[^\r\n]*@[^\r\n]+$/, { message: 'must be an e-mail address, with or without a name before it' })
  MAIL_FROM = 'Thé Tip Top <ne-pas-repondre@the-tip-top.example>';

  @IsIn(['on', 'off'])
  MAIL_DELIVERY: 'on' | 'off' = 'on';

  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(3600)
  MAIL_RETRY_SECONDS = 5;

  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(86_400)
  MAIL_RETRY_MAX_SECONDS = 3600;

  @IsOptional()
  @IsIn(['required', 'optional'])
  ADMIN_SECOND_FACTOR?: 'required' | 'optional';

  @Type(() => Number)
  @IsInt()
  @Min(300)
  @Max(7 * 86_400)
  STAFF_SESSION_TTL_SECONDS = 12 * 3600;

  @Type(() => Number)
  @IsInt()
  @Min(30)
  RETENTION_INACTIVE_DAYS = 3 * 365;

  @Matches(/^\S+( \S+){4}$/, { message: 'must be a cron line of five fields' })
  RETENTION_CRON = '30 3 * * *';

  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(36_500)
  AUDIT_ADDRESS_DAYS = 365;

  @Type(() => Number)
  @IsInt()
  @Min(60)
  @Max(86_400)
  ACCESS_TOKEN_TTL_SECONDS = 900;

  @Type(() => Number)
  @IsInt()
  @Min(3600)
  @Max(365 * 86_400)
  REFRESH_TOKEN_TTL_SECONDS = 30 * 86_400;

  @Type(() => Number)
  @IsInt()
  @Min(0)
  @Max(120)
  MINIMUM_AGE = 18;

  @IsString()
  @MinLength(1)
  TERMS_VERSION = '2026-11-01';

  @IsString()
  @MinLength(1)
  TIME_ZONE = 'Europe/Paris';

  @IsIn(['on', 'off'])
  STAFF_MAY_PLAY: 'on' | 'off' = 'off';

  @Type(() => Number)
  @IsInt()
  @Min(1)
  CODE_ATTEMPTS_ACCOUNT = 10;

  @Type(() => Number)
  @IsInt()
  @Min(1)
  CODE_ATTEMPTS_UNDER_PRESSURE = 3;

  @Type(() => Number)
  @IsInt()
  @Min(1)
  CODE_ATTEMPTS_ADDRESS = 100;

  @Type(() => Number)
  @IsInt()
  @Min(1)
  CODE_ATTEMPTS_CONTEST = 3000;

  @Type(() => Number)
  @IsInt()
  @Min(1)
  CODE_ATTEMPTS_WINDOW_SECONDS = 900;

  @Type(() => Number)
  @IsInt()
  @Min(1)
  CODE_ATTEMPTS_BLOCK_SECONDS = 60;

  @Type(() => Number)
  @IsInt()
  @Min(1)
  CODE_ATTEMPTS_MAX_BLOCK_SECONDS = 86_400;

  @Type(() => Number)
  @IsInt()
  @Min(1)
  LOGIN_ATTEMPTS_ACCOUNT = 10;

  @Type(() => Number)
  @IsInt()
  @Min(1)
  LOGIN_ATTEMPTS_ADDRESS = 100;

  @Type(() => Number)
  @IsInt()
  @Min(1)
  LOGIN_ATTEMPTS_EVERYWHERE = 100;

  @Type(() => Number)
  @IsInt()
  @Min(1)
  LOGIN_ATTEMPTS_UNDER_PRESSURE = 3;

  @Type(() => Number)
  @IsInt()
  @Min(1)
  LOGIN_ATTEMPTS_WINDOW_SECONDS = 900;

  @Type(() => Number)
  @IsInt()
  @Min(1)
  LOGIN_ATTEMPTS_BLOCK_SECONDS = 60;

  @Type(() => Number)
  @IsInt()
  @Min(1)
  LOGIN_ATTEMPTS_MAX_BLOCK_SECONDS = 3600;

  @Type(() => Number)
  @IsInt()
  @Min(1)
  REGISTRATIONS_ADDRESS = 100;

  @Type(() => Number)
  @IsInt()
  @Min(1)
  MAIL_REQUESTS_ACCOUNT = 3;

  @Type(() => Number)
  @IsInt()
  @Min(1)
  MAIL_REQUESTS_ADDRESS = 30;
}
