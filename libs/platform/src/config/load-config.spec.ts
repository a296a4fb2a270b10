import 'reflect-metadata';
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ConfigError } from './config-error';
import { loadConfig } from './load-config';

const SECRET = 'Zk3vQx9Lr7Bn2Wd8Ty5Hm1Pc6Gs4Jf0A';
const OTHER_SECRET = 'p0Lq8Wn3Er6Ty1Ui9Op4As7Df2Gh5Jk0';

describe('loadConfig', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tiptop-config-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  const secrets = { JWT_SECRET: SECRET, DECK_SECRET: OTHER_SECRET };
  const production = { ...secrets, NODE_ENV: 'production', DATABASE_URL: 'postgres://app:pw@db/tiptop' };

  function problemsOf(variables: Record<string, string>): readonly string[] {
    try {
      loadConfig({ DATA_DIR: folder, ...variables });
      return [];
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigError);
      return (error as ConfigError).problems;
    }
  }

  function fileWith(content: string): string {
    const file = join(folder, 'value');
    writeFileSync(file, content);
    return file;
  }

  it('needs nothing on a developer’s machine', () => {
    const config = loadConfig({ DATA_DIR: folder });
    expect(config).toMatchObject({
      environment: 'development',
      isProduction: false,
      logLevel: 'info',
      host: '127.0.0.1',
      port: 3000,
      metricsPort: 9464,
      dataDir: folder,
      publicUrl: undefined,
      corsOrigins: [],
      trustedProxies: [],
      requestTimeoutMs: 15_000,
      databaseUrl: undefined,
      databasePoolSize: 20,
      accessTokenTtlSeconds: 900,
      refreshTokenTtlSeconds: 30 * 86_400,
      minimumAge: 18,
      timeZone: 'Europe/Paris',
      staffMayPlay: false,
      loginAttempts: { account: 10, address: 100, windowSeconds: 900, blockSeconds: 60, maxBlockSeconds: 3600 },
      codeAttempts: {
        account: 10,
        underPressure: 3,
        address: 100,
        contest: 3000,
        windowSeconds: 900,
        blockSeconds: 60,
        maxBlockSeconds: 86_400,
      },
    });
    expect(config.jwtSecret.length).toBeGreaterThanOrEqual(32);
    expect(config.deckSecret.length).toBeGreaterThanOrEqual(32);
    expect(config.jwtSecret).not.toBe(config.deckSecret);
    expect(loadConfig({ DATA_DIR: folder })).toEqual(config);
  });

  it('takes every setting from its variable', () => {
    const config = loadConfig({
      ...production,
      LOG_LEVEL: 'warn',
      HOST: '10.1.2.3',
      PORT: '8080',
      METRICS_PORT: '0',
      DATA_DIR: folder,
      PUBLIC_URL: 'https://api.shop.example/tea',
      CORS_ORIGINS: ' https://shop.example , http://localhost:5173,',
      TRUSTED_PROXIES: '10.0.0.0/8, ::1,192.0.2.7',
      REQUEST_TIMEOUT_MS: '2000',
      DATABASE_POOL_SIZE: '5',
      ACCESS_TOKEN_TTL_SECONDS: '60',
      REFRESH_TOKEN_TTL_SECONDS: '3600',
      MINIMUM_AGE: '16',
      TERMS_VERSION: 'v7',
      TIME_ZONE: 'America/Cayenne',
      STAFF_MAY_PLAY: 'on',
      LOGIN_ATTEMPTS_ACCOUNT: '1',
      CODE_ATTEMPTS_MAX_BLOCK_SECONDS: '7',
    });
    expect(config).toMatchObject({
      environment: 'production',
      isProduction: true,
      logLevel: 'warn',
      host: '10.1.2.3',
      port: 8080,
      metricsPort: 0,
      publicUrl: 'https://api.shop.example/tea',
      corsOrigins: ['https://shop.example', 'http://localhost:5173'],
      trustedProxies: ['10.0.0.0/8', '::1', '192.0.2.7'],
      requestTimeoutMs: 2000,
      databaseUrl: production.DATABASE_URL,
      databasePoolSize: 5,
      jwtSecret: SECRET,
      deckSecret: OTHER_SECRET,
      accessTokenTtlSeconds: 60,
      refreshTokenTtlSeconds: 3600,
      minimumAge: 16,
      termsVersion: 'v7',
      timeZone: 'America/Cayenne',
      staffMayPlay: true,
    });
    expect(config.loginAttempts.account).toBe(1);
    expect(config.codeAttempts.maxBlockSeconds).toBe(7);
  });

  it('takes an empty variable for none, and a relative folder from where it stands', () => {
    const config = loadConfig({ ...secrets, PORT: '', DATABASE_URL: '', CORS_ORIGINS: '', DATA_DIR: 'some/folder' });
    expect(config).toMatchObject({ port: 3000, databaseUrl: undefined, corsOrigins: [] });
    expect(config.dataDir).toBe(resolve('some/folder'));
  });

  it('offers itself to the network in production only', () => {
    expect(loadConfig(production).host).toBe('0.0.0.0');
    expect(loadConfig({ ...secrets, NODE_ENV: 'test' }).host).toBe('127.0.0.1');
  });

  it.each([
    ['NODE_ENV', 'staging'],
    ['LOG_LEVEL', 'verbose'],
    ['PORT', 'eighty'],
    ['PORT', '65536'],
    ['PORT', '-1'],
    ['PORT', '80.5'],
    ['METRICS_PORT', '9464x'],
    ['DATABASE_URL', 'mysql://u:hunter2@db/x'],
    ['DATABASE_URL', 'postgres://u:hunter2#9@db/x'],
    ['DATABASE_POOL_SIZE', '0'],
    ['PUBLIC_URL', 'shop.example'],
    ['PUBLIC_URL', 'ftp://shop.example'],
    ['CORS_ORIGINS', '*'],
    ['CORS_ORIGINS', 'tea.example'],
    ['CORS_ORIGINS', 'https://shop.example/'],
    ['CORS_ORIGINS', 'https://shop.example/path'],
    ['CORS_ORIGINS', 'https://shop.example,nonsense'],
    ['TRUSTED_PROXIES', 'proxy.example'],
    ['TRUSTED_PROXIES', '999.1.1.1'],
    ['TRUSTED_PROXIES', '10.0.0.0/33'],
    ['TRUSTED_PROXIES', '::1/129'],
    ['TRUSTED_PROXIES', '10.0.0.0/8/8'],
    ['REQUEST_TIMEOUT_MS', '10'],
    ['JWT_SECRET', 'too-short-a-secret'],
    ['DECK_SECRET', 'too-short-a-secret'],
    ['ACCESS_TOKEN_TTL_SECONDS', '59'],
    ['REFRESH_TOKEN_TTL_SECONDS', '1'],
    ['MINIMUM_AGE', '121'],
    ['TIME_ZONE', 'Europe/Lutèce'],
    ['STAFF_MAY_PLAY', 'yes'],
    ['CODE_ATTEMPTS_ACCOUNT', '0'],
    ['LOGIN_ATTEMPTS_WINDOW_SECONDS', 'NaN'],
  ])('names %s where it is wrong (%s), and never its value', (name, value) => {
    const problems = problemsOf({ ...secrets, [name]: value });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(new RegExp(`^${name}: \\S+ `));
    expect(problems[0]?.replace(name, '')).not.toContain(name);
    // Short numbers may stand in the sentence about what would be right.
    if (value.length > 3) expect(problems.join()).not.toContain(value);
    expect(problems.join()).not.toContain('hunter2');
  });

  it('names all that is wrong at once', () => {
    const error = (() => {
      try {
        loadConfig({ NODE_ENV: 'production', PORT: 'x', TIME_ZONE: 'Mars/Olympus', JWT_SECRET: 'short' });
      } catch (caught) {
        return caught as ConfigError;
      }
      return undefined;
    })();
    const names = error?.problems.map((problem) => problem.split(':')[0]).sort();
    expect(names).toEqual(expect.arrayContaining(['DATABASE_URL', 'DECK_SECRET', 'JWT_SECRET', 'PORT', 'TIME_ZONE']));
    for (const name of names ?? []) expect(error?.message).toContain(`\n  ${String(name)}: `);
  });

  it('reads a value from the file that <NAME>_FILE names, without the line break at its end', () => {
    const config = loadConfig({ JWT_SECRET_FILE: fileWith(`${SECRET}\n`), DECK_SECRET: OTHER_SECRET });
    expect(config.jwtSecret).toBe(SECRET);
    expect(loadConfig({ ...secrets, PORT_FILE: fileWith('8080\n') }).port).toBe(8080);
    const url = 'postgres://app:pw@db/x';
    expect(loadConfig({ ...secrets, DATABASE_URL: '', DATABASE_URL_FILE: fileWith(url) }).databaseUrl).toBe(url);
  });

  it('judges a value from a file like any other', () => {
    expect(problemsOf({ DECK_SECRET: OTHER_SECRET, JWT_SECRET_FILE: fileWith('short-secret') })).toEqual([
      'JWT_SECRET: must be at least 32 characters long',
    ]);
  });

  it('does not choose between a variable and its file', () => {
    const problems = problemsOf({ ...secrets, JWT_SECRET_FILE: fileWith(SECRET) });
    expect(problems).toEqual(['JWT_SECRET: set either JWT_SECRET or JWT_SECRET_FILE, not both']);
  });

  it('says why a file can’t be read', () => {
    const problems = problemsOf({ DECK_SECRET: OTHER_SECRET, JWT_SECRET_FILE: join(folder, 'nowhere') });
    expect(problems).toEqual(["JWT_SECRET_FILE: the file can't be read (ENOENT)"]);
    expect(problemsOf({ ...secrets, PORT_FILE: folder })).toEqual(["PORT_FILE: the file can't be read (EISDIR)"]);
  });

  describe('in production', () => {
    it('is content with a database and two secrets', () => {
      expect(problemsOf(production)).toEqual([]);
      expect(existsSync(join(folder, 'secrets.json'))).toBe(false);
    });

    it.each(['DATABASE_URL', 'JWT_SECRET', 'DECK_SECRET'])('asks for %s', (name) => {
      expect(problemsOf({ ...production, [name]: '' })).toEqual([`${name}: is required in production`]);
      expect(existsSync(join(folder, 'secrets.json'))).toBe(false);
    });

    it.each([
      'change-me-change-me-change-me-change-me',
      'CHANGEME1234567890abcdefghijklmnop',
      'your-secret-goes-here-0123456789abcd',
      'replace_this_with_a_real_one_98765432',
      'an-example-secret-for-you-0123456789',
      'placeholder-placeholder-placeholder',
      'my-super-secret-key-for-the-jwt-tokens',
      'a-password-that-is-long-enough-abcdef',
      'the-default-value-of-this-application',
      'a'.repeat(40),
      'abcabcabcabcabcabcabcabcabcabcabcabc',
      '12345678901234567890123456789012',
    ])('refuses the placeholder %s, without repeating it', (placeholder) => {
      for (const name of ['JWT_SECRET', 'DECK_SECRET']) {
        const problems = problemsOf({ ...production, [name]: placeholder });
        expect(problems).toEqual([expect.stringMatching(new RegExp(`^${name}: is a placeholder; .*openssl rand`))]);
        expect(problems.join()).not.toContain(placeholder);
      }
    });

    it('takes random secrets, hexadecimal ones too', () => {
      const hex = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08';
      const base64 = '+pX0lP1qzB3v8a0mZ7m7hX5bq9dRzJ1n4uTqB2cYwVfKoEiGsNhLxUrAtDyFkMjC';
      expect(problemsOf({ ...production, JWT_SECRET: hex, DECK_SECRET: base64 })).toEqual([]);
    });

    it('wants two secrets that differ', () => {
      expect(problemsOf({ ...production, DECK_SECRET: SECRET })).toEqual(['DECK_SECRET: must differ from JWT_SECRET']);
    });
  });

  it('tells of a data folder that can’t hold secrets', () => {
    const file = fileWith('x');
    expect(problemsOf({ DATA_DIR: join(file, 'below') })).toEqual([expect.stringMatching(/^DATA_DIR: ENOTDIR/)]);
    writeFileSync(join(folder, 'secrets.json'), '{"jwtSecret":"cut o');
    chmodSync(join(folder, 'secrets.json'), 0o600);
    expect(problemsOf({})).toEqual([expect.stringMatching(/^DATA_DIR: .*secrets\.json holds no secrets; repair it/)]);
  });
});
