import 'reflect-metadata';
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { ConfigError } from './config-error';
import { loadConfig } from './load-config';

const SECRET = 'Zk3vQx9Lr7Bn2Wd8Ty5Hm1Pc6Gs4Jf0A';
const OTHER_SECRET = 'p0Lq8Wn3Er6Ty1Ui9Op4As7Df2Gh5Jk0';
const THIRD_SECRET = 'm5Xc2Vb8Nq4Wz7Ke1Rt6Yp3Ls9Df0Gh2';

describe('loadConfig', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tiptop-config-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  const secrets = { JWT_SECRET: SECRET, DECK_SECRET: OTHER_SECRET };
  const production = {
    ...secrets,
    ACCOUNT_SECRET: THIRD_SECRET,
    NODE_ENV: 'production',
    DATABASE_URL: 'postgres://app:pw@db/tiptop',
    SMTP_URL: 'smtps://mail.example',
  };

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
      databaseServiceRole: undefined,
      accessTokenTtlSeconds: 900,
      refreshTokenTtlSeconds: 30 * 86_400,
      minimumAge: 18,
      timeZone: 'Europe/Paris',
      staffMayPlay: false,
      google: undefined,
      facebook: undefined,
      providerTimeoutMs: 5000,
      webReturnUrls: [],
      webUrl: 'http://localhost:3000',
      mail: { smtpUrl: undefined, delivery: true, retrySeconds: 5, retryMaxSeconds: 3600 },
      adminSecondFactor: false,
      staffSessionTtlSeconds: 12 * 3600,
      retention: { inactiveDays: 1095, cron: '30 3 * * *' },
      auditAddressDays: 365,
      registrations: { address: 100, windowSeconds: 900, blockSeconds: 60, maxBlockSeconds: 3600 },
      mailRequests: { account: 3, address: 30, windowSeconds: 900, blockSeconds: 60, maxBlockSeconds: 3600 },
      loginAttempts: {
        account: 10,
        address: 100,
        everywhere: 100,
        underPressure: 3,
        windowSeconds: 900,
        blockSeconds: 60,
        maxBlockSeconds: 3600,
      },
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
    expect(new Set([config.jwtSecret, config.deckSecret, config.accountSecret]).size).toBe(3);
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
      DATABASE_SERVICE_ROLE: 'Tea-service_1',
      ACCESS_TOKEN_TTL_SECONDS: '60',
      REFRESH_TOKEN_TTL_SECONDS: '3600',
      MINIMUM_AGE: '16',
      TERMS_VERSION: 'v7',
      TIME_ZONE: 'America/Cayenne',
      STAFF_MAY_PLAY: 'on',
      GOOGLE_CLIENT_ID: 'id.apps.example',
      GOOGLE_CLIENT_SECRET: 'of-google',
      GOOGLE_ISSUER: 'https://issuer.example',
      GOOGLE_MOBILE_CLIENT_IDS: 'android,ios',
      FACEBOOK_APP_ID: '4711',
      FACEBOOK_APP_SECRET: 'of-facebook',
      FACEBOOK_DIALOG_URL: 'https://face.example/dialog',
      FACEBOOK_GRAPH_URL: 'https://graph.example/v1/',
      PROVIDER_TIMEOUT_MS: '900',
      WEB_RETURN_URLS: 'https://shop.example/signed-in, https://play.example/',
      MAIL_FROM: 'Tea <tea@shop.example>',
      MAIL_RETRY_SECONDS: '2',
      MAIL_RETRY_MAX_SECONDS: '20',
      STAFF_SESSION_TTL_SECONDS: '600',
      RETENTION_INACTIVE_DAYS: '400',
      RETENTION_CRON: '0 4 * * 1',
      AUDIT_ADDRESS_DAYS: '90',
      LOGIN_ATTEMPTS_ACCOUNT: '1',
      LOGIN_ATTEMPTS_EVERYWHERE: '50',
      LOGIN_ATTEMPTS_UNDER_PRESSURE: '2',
      REGISTRATIONS_ADDRESS: '7',
      MAIL_REQUESTS_ACCOUNT: '4',
      MAIL_REQUESTS_ADDRESS: '40',
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
      databaseServiceRole: 'Tea-service_1',
      jwtSecret: SECRET,
      deckSecret: OTHER_SECRET,
      accessTokenTtlSeconds: 60,
      refreshTokenTtlSeconds: 3600,
      minimumAge: 16,
      termsVersion: 'v7',
      timeZone: 'America/Cayenne',
      staffMayPlay: true,
      accountSecret: THIRD_SECRET,
      google: {
        clientId: 'id.apps.example',
        clientSecret: 'of-google',
        issuer: 'https://issuer.example',
        mobileClientIds: ['android', 'ios'],
      },
      facebook: {
        appId: '4711',
        appSecret: 'of-facebook',
        dialogUrl: 'https://face.example/dialog',
        graphUrl: 'https://graph.example/v1',
      },
      providerTimeoutMs: 900,
      webReturnUrls: ['https://shop.example/signed-in', 'https://play.example/'],
      webUrl: 'https://shop.example',
      mail: {
        smtpUrl: 'smtps://mail.example',
        from: 'Tea <tea@shop.example>',
        delivery: true,
        retrySeconds: 2,
        retryMaxSeconds: 20,
      },
      adminSecondFactor: true,
      staffSessionTtlSeconds: 600,
      retention: { inactiveDays: 400, cron: '0 4 * * 1' },
      auditAddressDays: 90,
    });
    expect(config.loginAttempts).toMatchObject({ account: 1, everywhere: 50, underPressure: 2 });
    expect(config.registrations.address).toBe(7);
    expect(config.mailRequests).toMatchObject({ account: 4, address: 40 });
    expect(config.codeAttempts.maxBlockSeconds).toBe(7);
  });

  it('knows where an environment stands, and how it is deployed to', () => {
    const deploy = (variables: Record<string, string> = {}) => loadConfig({ ...secrets, ...variables }).ops.deploy;
    expect(deploy()).toEqual({
      path: '/srv/devops/the-tip-top/dev',
      registry: undefined,
      frontend: true,
      switch: 'recreate',
      by: userInfo().username,
      source: process.cwd(),
      healthTries: 10,
      healthSeconds: 5,
      dockerConfig: undefined,
    });
    expect(deploy({ OPS_ENVIRONMENT: 'preprod' })).toMatchObject({
      path: '/srv/devops/the-tip-top/preprod',
      switch: 'recreate',
    });
    expect(deploy(production)).toMatchObject({ path: '/srv/devops/the-tip-top/prod', switch: 'rolling' });
    expect(
      deploy({
        OPS_ENVIRONMENT: 'prod',
        DEPLOY_PATH: 'some/folder',
        REGISTRY: 'registry.example:5000/tea/shop',
        DEPLOY_FRONTEND: 'off',
        DEPLOY_SWITCH: 'recreate',
        DEPLOY_BY: 'jenkins-the-tip-top-main-7',
        DEPLOY_SOURCE: '..',
        DEPLOY_HEALTH_TRIES: '3',
        DEPLOY_HEALTH_SECONDS: '0',
        DOCKER_CONFIG: '/tmp/docker',
      }),
    ).toEqual({
      path: resolve('some/folder'),
      registry: 'registry.example:5000/tea/shop',
      frontend: false,
      switch: 'recreate',
      by: 'jenkins-the-tip-top-main-7',
      source: resolve('..'),
      healthTries: 3,
      healthSeconds: 0,
      dockerConfig: '/tmp/docker',
    });
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

  it('sends links in letters to the web client, wherever it is told to be', () => {
    const webUrl = (variables: Record<string, string>) => loadConfig({ ...secrets, ...variables }).webUrl;
    expect(webUrl({ PORT: '8080' })).toBe('http://localhost:8080');
    expect(webUrl({ PUBLIC_URL: 'https://api.example/' })).toBe('https://api.example');
    expect(webUrl({ WEB_RETURN_URLS: 'https://a.example/x', PUBLIC_URL: 'https://api.example' })).toBe(
      'https://a.example',
    );
    expect(webUrl({ WEB_URL: 'https://b.example/shop/', WEB_RETURN_URLS: 'https://a.example/x' })).toBe(
      'https://b.example/shop',
    );
  });

  it.each([
    ['GOOGLE_CLIENT_ID', 'GOOGLE_CLIENT_SECRET'],
    ['FACEBOOK_APP_ID', 'FACEBOOK_APP_SECRET'],
  ])('wants %s and %s together', (id, secret) => {
    expect(problemsOf({ ...secrets, [id]: 'x' })).toEqual([`${secret}: is required beside ${id}`]);
    expect(problemsOf({ ...secrets, [secret]: 'x' })).toEqual([`${id}: is required beside ${secret}`]);
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
    ['DATABASE_SERVICE_ROLE', 'tea; DROP ROLE tea'],
    ['DATABASE_SERVICE_ROLE', '"tea"'],
    ['DATABASE_SERVICE_ROLE', '1tea'],
    ['DATABASE_SERVICE_ROLE', `tea${'a'.repeat(61)}`],
    ['DATABASE_SERVICE_ROLE', 'pg_write_all_data'],
    ['DATABASE_SERVICE_ROLE', 'Public'],
    ['DATABASE_SERVICE_ROLE', 'none'],
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
    ['ACCOUNT_SECRET', 'too-short-a-secret'],
    ['GOOGLE_ISSUER', 'accounts.google.com'],
    ['FACEBOOK_GRAPH_URL', 'graph'],
    ['FACEBOOK_DIALOG_URL', 'ftp://dialog.example'],
    ['PROVIDER_TIMEOUT_MS', '1'],
    ['WEB_RETURN_URLS', 'shop.example'],
    ['WEB_RETURN_URLS', 'https://shop.example/?next=1'],
    ['WEB_RETURN_URLS', 'https://shop.example/#x'],
    ['WEB_RETURN_URLS', 'https://user:hunter2@shop.example/'],
    ['WEB_RETURN_URLS', 'https://shop.example/,javascript:alert(1)'],
    ['WEB_URL', 'shop.example'],
    ['SMTP_URL', 'https://mail.example'],
    ['SMTP_URL', 'smtp://u:hunter2#@mail.example'],
    ['MAIL_FROM', 'nobody'],
    ['MAIL_DELIVERY', 'maybe'],
    ['MAIL_RETRY_SECONDS', '0'],
    ['ADMIN_SECOND_FACTOR', 'never'],
    ['STAFF_SESSION_TTL_SECONDS', '299'],
    ['RETENTION_INACTIVE_DAYS', '29'],
    ['RETENTION_CRON', 'nightly'],
    ['AUDIT_ADDRESS_DAYS', '0'],
    ['AUDIT_ADDRESS_DAYS', 'never'],
    ['REGISTRATIONS_ADDRESS', '0'],
    ['ACCESS_TOKEN_TTL_SECONDS', '59'],
    ['REFRESH_TOKEN_TTL_SECONDS', '1'],
    ['MINIMUM_AGE', '121'],
    ['TIME_ZONE', 'Europe/Lutèce'],
    ['STAFF_MAY_PLAY', 'yes'],
    ['CODE_ATTEMPTS_ACCOUNT', '0'],
    ['LOGIN_ATTEMPTS_WINDOW_SECONDS', 'NaN'],
    ['REGISTRY', 'https://images.example'],
    ['REGISTRY', 'user:hunter2@registry.example'],
    ['REGISTRY', 'registry.example/'],
    ['REGISTRY', 'registry.example/Tea'],
    ['REGISTRY', '-registry.example'],
    ['REGISTRY', 'registry.example:port'],
    ['REGISTRY', 'registry.example/tea:latest'],
    ['DEPLOY_FRONTEND', 'maybe'],
    ['DEPLOY_SWITCH', 'blue-green'],
    ['DEPLOY_BY', 'two\nlines'],
    ['DEPLOY_BY', 'x'.repeat(201)],
    ['DEPLOY_HEALTH_TRIES', '0'],
    ['DEPLOY_HEALTH_SECONDS', '301'],
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
    it('is content with a database, three secrets and a mail server', () => {
      expect(problemsOf(production)).toEqual([]);
      expect(existsSync(join(folder, 'secrets.json'))).toBe(false);
    });

    it.each(['DATABASE_URL', 'JWT_SECRET', 'DECK_SECRET', 'ACCOUNT_SECRET'])('asks for %s', (name) => {
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
      for (const name of ['JWT_SECRET', 'DECK_SECRET', 'ACCOUNT_SECRET']) {
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

    it('wants a mail server of the instance that delivers', () => {
      expect(problemsOf({ ...production, SMTP_URL: '' })).toEqual([expect.stringMatching(/^SMTP_URL: is required in/)]);
      expect(problemsOf({ ...production, SMTP_URL: '', MAIL_DELIVERY: 'off' })).toEqual([]);
    });

    it('wants to know where a provider comes back to, and no provider by plain http', () => {
      const google = { GOOGLE_CLIENT_ID: 'id', GOOGLE_CLIENT_SECRET: 'x' };
      expect(problemsOf({ ...production, ...google })).toEqual([expect.stringMatching(/^PUBLIC_URL: is required for/)]);
      const reachable = { ...production, ...google, PUBLIC_URL: 'https://api.example' };
      expect(problemsOf(reachable)).toEqual([]);
      expect(problemsOf({ ...reachable, GOOGLE_ISSUER: 'http://issuer.example' })).toEqual([
        'GOOGLE_ISSUER: must be https in production',
      ]);
    });

    it('wants a second factor of administrators, unless told otherwise', () => {
      const { adminSecondFactor } = loadConfig({ ...production, ADMIN_SECOND_FACTOR: 'optional' });
      expect(adminSecondFactor).toBe(false);
      expect(loadConfig({ ...secrets, ADMIN_SECOND_FACTOR: 'required' }).adminSecondFactor).toBe(true);
    });

    it('wants secrets that differ', () => {
      expect(problemsOf({ ...production, ACCOUNT_SECRET: OTHER_SECRET })).toEqual([
        'ACCOUNT_SECRET: must differ from DECK_SECRET',
      ]);
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
