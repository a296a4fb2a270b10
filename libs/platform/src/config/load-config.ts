import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import { AppConfig } from './app-config';
import { ConfigError } from './config-error';
import { type DevelopmentSecrets, developmentSecrets } from './development-secrets';
import { Environment } from './environment';

type Variables = Readonly<Record<string, string | undefined>>;

const PLACEHOLDER = /change.?me|placeholder|example|your[-_ ]|replace|secret.?key|default|^(.)\1+$|1234567|password/i;

/**
 * Reads the settings from the environment, or from the file that `<NAME>_FILE` names, and validates them.
 * @throws ConfigError naming every variable that is missing or wrong
 */
export function loadConfig(variables: Variables): AppConfig {
  const settings: Record<string, string> = {};
  const problems: string[] = [];
  for (const name of Object.keys(new Environment()).concat('DATABASE_URL', 'PUBLIC_URL', 'JWT_SECRET', 'DECK_SECRET')) {
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
  for (const name of ['JWT_SECRET', 'DECK_SECRET'] as const) {
    const secret = environment[name];
    if (!secret) problems.push(`${name}: is required in production`);
    else if (PLACEHOLDER.test(secret) || new Set(secret).size < 10) {
      problems.push(`${name}: is a placeholder; make a random one, "openssl rand -base64 48" for instance`);
    }
  }
  if (environment.JWT_SECRET && environment.JWT_SECRET === environment.DECK_SECRET) {
    problems.push('DECK_SECRET: must differ from JWT_SECRET');
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
  const { JWT_SECRET, DECK_SECRET } = environment;
  const made = JWT_SECRET && DECK_SECRET ? undefined : secretsOf(dataDir);
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
    jwtSecret: JWT_SECRET ?? made?.jwtSecret ?? '',
    deckSecret: DECK_SECRET ?? made?.deckSecret ?? '',
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
      account: environment.LOGIN_ATTEMPTS_ACCOUNT,
      address: environment.LOGIN_ATTEMPTS_ADDRESS,
      windowSeconds: environment.LOGIN_ATTEMPTS_WINDOW_SECONDS,
      blockSeconds: environment.LOGIN_ATTEMPTS_BLOCK_SECONDS,
      maxBlockSeconds: environment.LOGIN_ATTEMPTS_MAX_BLOCK_SECONDS,
    },
  });
}
