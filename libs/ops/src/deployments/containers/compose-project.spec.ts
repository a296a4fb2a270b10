import { parseProject, settingIn } from './compose-project';

const GOOD = [
  '# of compose',
  'COMPOSE_PROJECT_NAME=the-tip-top',
  'COMPOSE_FILE=docker-compose.yml:docker-compose.prod.yml:docker-compose.images.yml',
].join('\n');

describe('The settings of an environment’s folder', () => {
  it('say how compose is run there', () => {
    expect(parseProject('/srv/prod', GOOD)).toEqual({
      folder: '/srv/prod',
      name: 'the-tip-top',
      files: ['docker-compose.yml', 'docker-compose.prod.yml', 'docker-compose.images.yml'],
    });
  });

  it.each([
    ['COMPOSE_FILE=docker-compose.yml:docker-compose.images.yml', /COMPOSE_PROJECT_NAME/],
    [`${GOOD}\nCOMPOSE_PROJECT_NAME=The Tip Top`, /COMPOSE_PROJECT_NAME/],
    ['COMPOSE_PROJECT_NAME=the-tip-top', /COMPOSE_FILE/],
    // What the deployment writes would be overlaid, or not be read at all.
    [`${GOOD}\nCOMPOSE_FILE=docker-compose.images.yml:docker-compose.yml`, /the last of them/],
    [`${GOOD}\nCOMPOSE_FILE=docker-compose.images.yml`, /COMPOSE_FILE/],
    [`${GOOD}\nCOMPOSE_FILE=../docker-compose.yml:docker-compose.images.yml`, /beside it/],
    [`${GOOD}\nCOMPOSE_FILE=/etc/x.yml:docker-compose.images.yml`, /beside it/],
  ])('are refused where compose would do something else: %s', (text, why) => {
    expect(() => parseProject('/srv/prod', text)).toThrow(why);
  });

  it('are read as compose reads them', () => {
    expect(settingIn('A=1\nA=2', 'A')).toBe('2');
    expect(settingIn('A="x y" ', 'A')).toBe('x y');
    expect(settingIn("export A='x # y'", 'A')).toBe('x # y');
    expect(settingIn('A=x # y', 'A')).toBe('x');
    expect(settingIn('#A=1\nAB=2', 'A')).toBeUndefined();
    expect(settingIn('A=', 'A')).toBe('');
  });
});
