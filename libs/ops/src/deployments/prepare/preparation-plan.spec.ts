import { loadConfig } from '@tiptop/platform';
import { askedSettings, certificateNames, databaseUrls, type PrepareRequest, usualSettings } from './preparation-plan';

const REQUEST: PrepareRequest = {
  environment: 'preprod',
  publicUrl: new URL('https://api.preprod.example:8443/'),
  path: '/srv/devops/the-tip-top/preprod',
  source: '/checkout',
  registry: 'registry.example:5000',
  recipients: [],
  backupDir: undefined,
  withoutFrontend: false,
  dockerHost: undefined,
};

describe('The plan of an environment', () => {
  it('sets what was asked for, and nothing that was not', () => {
    expect(askedSettings(REQUEST, ['age1a', 'age1b'])).toEqual({
      OPS_ENVIRONMENT: 'preprod',
      DEPLOY_PATH: '/srv/devops/the-tip-top/preprod',
      PUBLIC_URL: 'https://api.preprod.example:8443',
      HTTPS_PORT: '8443',
      REGISTRY: 'registry.example:5000',
      BACKUP_AGE_RECIPIENTS: 'age1a,age1b',
    });
    const bare = { ...REQUEST, publicUrl: new URL('https://a.example'), registry: undefined };
    expect(askedSettings(bare, [])).toEqual({
      OPS_ENVIRONMENT: 'preprod',
      DEPLOY_PATH: '/srv/devops/the-tip-top/preprod',
      PUBLIC_URL: 'https://a.example',
      HTTPS_PORT: '443',
    });
    const more = { ...bare, backupDir: '/mnt/backups', withoutFrontend: true };
    expect(askedSettings(more, [])).toMatchObject({
      BACKUP_DIR: '/mnt/backups',
      BACKUP_DIR_ON_HOST: '/mnt/backups',
      DEPLOY_FRONTEND: 'off',
    });
  });

  it('lets the three environments stand on one host', () => {
    const ports = (['dev', 'preprod', 'prod'] as const).map((environment) => {
      const { POSTGRES_PORT, COMPOSE_PROJECT_NAME, BACKUP_DIR } = usualSettings({ ...REQUEST, environment }, {});
      return [POSTGRES_PORT, COMPOSE_PROJECT_NAME, BACKUP_DIR];
    });
    expect(new Set(ports.flat()).size).toBe(9);
    expect(ports[2]).toEqual(['5432', 'the-tip-top-prod', '/srv/backups']);
  });

  it('gives no file to a setting that somebody has set by itself', () => {
    const usual = usualSettings(REQUEST, { JWT_SECRET: 'x', POSTGRES_PORT: '6000' });
    expect(Object.keys(usual)).not.toEqual(expect.arrayContaining(['JWT_SECRET_FILE']));
    expect(Object.keys(usual)).not.toContain('POSTGRES_PORT');
    expect(usual['DECK_SECRET_FILE']).toBe('/srv/devops/the-tip-top/preprod/secrets/deck_secret');
  });

  it('names the engine’s socket, where it is one', () => {
    expect(usualSettings(REQUEST, {})).toMatchObject({
      DOCKER_HOST: 'unix:///var/run/docker.sock',
      DOCKER_SOCKET: '/var/run/docker.sock',
    });
    const remote = usualSettings({ ...REQUEST, dockerHost: 'tcp://127.0.0.1:2375' }, {});
    expect(remote['DOCKER_HOST']).toBe('tcp://127.0.0.1:2375');
    expect(Object.keys(remote)).not.toContain('DOCKER_SOCKET');
  });

  it('is of settings that the service knows, but for compose’s own', () => {
    const settings = { ...usualSettings(REQUEST, {}), ...askedSettings(REQUEST, []) };
    const secret = (start: string): string => `${start}Zk3vQx9Lr7Bn2Wd8Ty5Hm1Pc6Gs4Jf0A`;
    const files = Object.fromEntries(Object.entries(settings).filter(([name]) => !name.endsWith('_FILE')));
    const config = loadConfig({
      ...files,
      DATABASE_URL: 'postgres://tiptop_service:pw@127.0.0.1:5433/tiptop',
      ...{ JWT_SECRET: secret('a'), DECK_SECRET: secret('b'), ACCOUNT_SECRET: secret('c') },
    });
    expect(config).toMatchObject({
      isProduction: true,
      databaseServiceRole: 'tiptop_service',
      mail: { delivery: false },
      publicUrl: 'https://api.preprod.example:8443',
      ops: {
        environment: 'preprod',
        backupDir: '/srv/backups-preprod',
        images: ['registry.example:5000/backend:preprod-latest'],
        configPaths: ['/srv/devops/the-tip-top/preprod'],
        deploy: { path: REQUEST.path, registry: 'registry.example:5000', switch: 'recreate', frontend: true },
      },
    });
  });

  it('has a certificate for the service and the site beside it', () => {
    expect(certificateNames(new URL('https://api.preprod.example'))).toEqual([
      'api.preprod.example',
      'preprod.example',
      'www.preprod.example',
    ]);
    expect(certificateNames(new URL('https://tea.example'))).toEqual(['tea.example']);
    expect(certificateNames(new URL('https://127.0.0.1:8443'))).toEqual(['127.0.0.1']);
    expect(certificateNames(new URL('https://[::1]:8443'))).toEqual(['::1']);
  });

  it('reaches one database by two ways', () => {
    expect(databaseUrls('one', 'pw', '5433', 'tiptop')).toEqual({
      within: 'postgres://one:pw@postgres:5432/tiptop',
      host: 'postgres://one:pw@127.0.0.1:5433/tiptop',
    });
  });
});
