import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import { AppConfig } from './app-config';
import { ConfigError } from './config-error';
import { derivedKey } from '../crypto/derived-key';
import { type DevelopmentSecrets, developmentSecrets } from './development-secrets';
import { Environment } from './environment';
import { opsConfigOf, opsProblems } from './load-ops-config';
import { OpsSettings } from './ops-settings';

type Variables = Readonly<Record<string, string | undefined>>;

/** Settings without a default, which an empty Environment does not show. */
const OPTIONAL = [
  'DATABASE_URL',
  'DATABASE_SERVICE_ROLE',
  'PUBLIC_URL',
  'JWT_SECRET',
  'DECK_SECRET',
  'ACCOUNT_SECRET',
  'GOOGLE_CLIENT_ID',
  'GOOGLE_CLIENT_SECRET',
  'FACEBOOK_APP_ID',
  'FACEBOOK_APP_SECRET',
  'WEB_URL',
  'SMTP_URL',
  'ADMIN_SECOND_FACTOR',
  ...OpsSettings.OPTIONAL,
] as const satisfies readonly (keyof Environment)[];

const PROVIDER_PAIRS = [
  ['GOOGLE_CLIENT_ID', 'GOOGLE_CLIENT_SECRET'],
  ['FACEBOOK_APP_ID', 'FACEBOOK_APP_SECRET'],
] as const;

const SECRETS = ['JWT_SECRET', 'DECK_SECRET', 'ACCOUNT_SECRET'] as const;

const PLACEHOLDER = /change.?me|placeholder|example|your[-_ ]|replace|secret.?key|default|^(.)\1+$|1234567|password/i;

/**
 * Reads the settings from the environment, or from the file that `<NAME>_FILE` names, and validates them.
 * @throws ConfigError naming every variable that is missing or wrong
 */
export function loadConfig(variables: Variables): AppConfig {
  const settings: Record<string, string> = {};
  const problems: string[] = [];
  for (const name of [...Object.keys(new Environment()), ...OPTIONAL]) {
    const value = fromVariableOrFile(variables, name, problems);
    if (value !== undefined && value !== '') settings[name] = value;
  }
  const environment = plainToInstance(Environment, settings, { exposeDefaultValues: true });
  for (const { property, constraints } of validateSync(environment)) {
    const messages = Object.values(constraints ?? { invalid: 'is not valid' });
    // The library's own messages begin with the name, which stands before the colon already.
    problems.push(`${property}: ${messages.map((message) => message.replace(`${property} `, '')).join('; ')}`);
  }
  if (!isTimeZone(environment.TIME_ZONE)) problems.push('TIME_ZONE: must be an IANA time zone, Europe/Paris for one');
  for (const [id, secret] of PROVIDER_PAIRS) {
    if (environment[id] && !environment[secret]) problems.push(`${secret}: is required beside ${id}`);
    if (environment[secret] && !environment[id]) problems.push(`${id}: is required beside ${secret}`);
  }
  problems.push(...opsProblems(environment));
  if (environment.NODE_ENV === 'production') problems.push(...productionProblems(environment));
  if (problems.length > 0) throw new ConfigError(problems);
  return toConfig(environment);
}

function secretsOf(dataDir: string): DevelopmentSecrets {
  try {
    return developmentSecrets(dataDir);
  } catch (error) {
    throw new ConfigError([`DATA_DIR: ${(error as Error).message}`]);
  }
}

function fromVariableOrFile(variables: Variables, name: string, problems: string[]): string | undefined {
  const file = variables[`${name}_FILE`];
  if (file === undefined || file === '') return variables[name];
  if (variables[name]) {
    problems.push(`${name}: set either ${name} or ${name}_FILE, not both`);
    return undefined;
  }
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    problems.push(`${name}_FILE: the file can't be read (${(error as NodeJS.ErrnoException).code ?? 'unknown error'})`);
    return undefined;
  }
}

function productionProblems(environment: Environment): string[] {
  const problems: string[] = [];
  if (!environment.DATABASE_URL) problems.push('DATABASE_URL: is required in production');
  for (const name of SECRETS) {
    const secret = environment[name];
    if (!secret) problems.push(`${name}: is required in production`);
    else if (PLACEHOLDER.test(secret) || new Set(secret).size < 10) {
      problems.push(`${name}: is a placeholder; make a random one, "openssl rand -base64 48" for instance`);
    }
  }
  SECRETS.forEach((name, place) => {
    const other = SECRETS.slice(0, place).find((earlier) => environment[earlier] === environment[name]);
    if (environment[name] && other) problems.push(`${name}: must differ from ${other}`);
  });
  if (environment.MAIL_DELIVERY === 'on' && !environment.SMTP_URL) {
    problems.push('SMTP_URL: is required in production, unless another instance delivers (MAIL_DELIVERY=off)');
  }
  const provided = environment.GOOGLE_CLIENT_ID ?? environment.FACEBOOK_APP_ID;
  if (provided && !environment.PUBLIC_URL) {
    problems.push('PUBLIC_URL: is required for sign-in with Google or Facebook, which come back to it');
  }
  for (const name of ['GOOGLE_ISSUER', 'FACEBOOK_DIALOG_URL', 'FACEBOOK_GRAPH_URL'] as const) {
    if (provided && !environment[name].startsWith('https://')) problems.push(`${name}: must be https in production`);
  }
  return problems;
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

function toConfig(environment: Environment): AppConfig {
  const dataDir = resolve(environment.DATA_DIR);
  const production = environment.NODE_ENV === 'production';
  const { JWT_SECRET, DECK_SECRET, GOOGLE_CLIENT_ID, FACEBOOK_APP_ID } = environment;
  const made = JWT_SECRET && DECK_SECRET ? undefined : secretsOf(dataDir);
  const jwtSecret = JWT_SECRET ?? made?.jwtSecret ?? '';
  const loginBudget = {
    windowSeconds: environment.LOGIN_ATTEMPTS_WINDOW_SECONDS,
    blockSeconds: environment.LOGIN_ATTEMPTS_BLOCK_SECONDS,
    maxBlockSeconds: environment.LOGIN_ATTEMPTS_MAX_BLOCK_SECONDS,
  };
  return new AppConfig({
    environment: environment.NODE_ENV,
    logLevel: environment.LOG_LEVEL,
    // A developer's machine is not offered to its network unless asked.
    host: environment.HOST || (production ? '0.0.0.0' : '127.0.0.1'),
    port: environment.PORT,
    metricsPort: environment.METRICS_PORT,
    dataDir,
    publicUrl: environment.PUBLIC_URL,
    corsOrigins: environment.CORS_ORIGINS,
    trustedProxies: environment.TRUSTED_PROXIES,
    requestTimeoutMs: environment.REQUEST_TIMEOUT_MS,
    databaseUrl: environment.DATABASE_URL,
    databasePoolSize: environment.DATABASE_POOL_SIZE,
    databaseServiceRole: environment.DATABASE_SERVICE_ROLE,
    jwtSecret,
    deckSecret: DECK_SECRET ?? made?.deckSecret ?? '',
    // Only outside production can it be missing.
    accountSecret: environment.ACCOUNT_SECRET ?? derivedKey(jwtSecret, 'account secret').toString('base64url'),
    google:
      GOOGLE_CLIENT_ID === undefined
        ? undefined
        : {
            clientId: GOOGLE_CLIENT_ID,
            clientSecret: environment.GOOGLE_CLIENT_SECRET ?? '',
            issuer: environment.GOOGLE_ISSUER,
            mobileClientIds: environment.GOOGLE_MOBILE_CLIENT_IDS,
          },
    facebook:
      FACEBOOK_APP_ID === undefined
        ? undefined
        : {
            appId: FACEBOOK_APP_ID,
            appSecret: environment.FACEBOOK_APP_SECRET ?? '',
            dialogUrl: environment.FACEBOOK_DIALOG_URL,
            graphUrl: environment.FACEBOOK_GRAPH_URL.replace(/\/$/, ''),
          },
    providerTimeoutMs: environment.PROVIDER_TIMEOUT_MS,
    webReturnUrls: environment.WEB_RETURN_URLS,
    webUrl: webUrlOf(environment),
    mail: {
      smtpUrl: environment.SMTP_URL,
      from: environment.MAIL_FROM,
      delivery: environment.MAIL_DELIVERY === 'on',
      retrySeconds: environment.MAIL_RETRY_SECONDS,
      retryMaxSeconds: environment.MAIL_RETRY_MAX_SECONDS,
    },
    adminSecondFactor: (environment.ADMIN_SECOND_FACTOR ?? (production ? 'required' : 'optional')) === 'required',
    staffSessionTtlSeconds: environment.STAFF_SESSION_TTL_SECONDS,
    retention: { inactiveDays: environment.RETENTION_INACTIVE_DAYS, cron: environment.RETENTION_CRON },
    auditAddressDays: environment.AUDIT_ADDRESS_DAYS,
    accessTokenTtlSeconds: environment.ACCESS_TOKEN_TTL_SECONDS,
    refreshTokenTtlSeconds: environment.REFRESH_TOKEN_TTL_SECONDS,
    minimumAge: environment.MINIMUM_AGE,
    termsVersion: environment.TERMS_VERSION,
    timeZone: environment.TIME_ZONE,
    staffMayPlay: environment.STAFF_MAY_PLAY === 'on',
    codeAttempts: {
      account: environment.CODE_ATTEMPTS_ACCOUNT,
      underPressure: environment.CODE_ATTEMPTS_UNDER_PRESSURE,
      address: environment.CODE_ATTEMPTS_ADDRESS,
      contest: environment.CODE_ATTEMPTS_CONTEST,
      windowSeconds: environment.CODE_ATTEMPTS_WINDOW_SECONDS,
      blockSeconds: environment.CODE_ATTEMPTS_BLOCK_SECONDS,
      maxBlockSeconds: environment.CODE_ATTEMPTS_MAX_BLOCK_SECONDS,
    },
    loginAttempts: {
      ...loginBudget,
      account: environment.LOGIN_ATTEMPTS_ACCOUNT,
      address: environment.LOGIN_ATTEMPTS_ADDRESS,
      everywhere: environment.LOGIN_ATTEMPTS_EVERYWHERE,
      underPressure: environment.LOGIN_ATTEMPTS_UNDER_PRESSURE,
    },
    registrations: { ...loginBudget, address: environment.REGISTRATIONS_ADDRESS },
    mailRequests: {
      ...loginBudget,
      account: environment.MAIL_REQUESTS_ACCOUNT,
      address: environment.MAIL_REQUESTS_ADDRESS,
    },
    ops: opsConfigOf(environment, { dataDir, production }),
  });
}

/** The web client's home: as told, or else where a sign-in returns to, or else this service. */
function webUrlOf({ WEB_URL, WEB_RETURN_URLS: [returnUrl], PUBLIC_URL, PORT }: Environment): string {
  const known = WEB_URL ?? (returnUrl === undefined ? undefined : new URL(returnUrl).origin) ?? PUBLIC_URL;
  return (known ?? `http://localhost:${PORT}`).replace(/\/+$/, '');
}
