import { sampleRelease } from '../spec-support/sample-release';
import { isSameRelease } from '../release';
import { imagesText, parseImages, servicesOf } from './images-file';
import { releaseIn, releaseLine } from './release-text';
import { BY_SERVICE, parseUpstreams, upstreamsText } from './upstreams-file';

const FILE = '/srv/prod/docker-compose.images.yml';

describe('A release that is written down', () => {
  it.each([sampleRelease(), sampleRelease('b', null), sampleRelease('a', 'b')])('is read again', (release) => {
    expect(releaseIn(releaseLine(release))).toEqual(release);
    expect(parseImages(imagesText(release), FILE)).toEqual(release);
    const hosts = { api: 'the_api_2', frontend: 'the-frontend-1' };
    expect(parseUpstreams(upstreamsText({ release, hosts }))).toEqual({ release, hosts });
  });

  it.each(['', '# release', '# release {}', '# release null', releaseLine(sampleRelease()).slice(0, -9)])(
    'is none where it is not whole: %s',
    (text) => {
      expect(releaseIn(text)).toBeUndefined();
    },
  );

  it('is none with what is no digest, no id, or no repository', () => {
    const { backend } = sampleRelease();
    for (const broken of [
      { ...backend, digest: 'latest' },
      { ...backend, id: '' },
      { ...backend, repository: 'x y\n' },
    ]) {
      expect(releaseIn(releaseLine({ backend: broken, frontend: null }))).toBeUndefined();
      expect(releaseIn(releaseLine({ backend, frontend: broken }))).toBeUndefined();
    }
  });

  it('is the same by its images', () => {
    expect(isSameRelease(sampleRelease(), sampleRelease())).toBe(true);
    expect(isSameRelease(sampleRelease('a'), sampleRelease('b'))).toBe(false);
    expect(isSameRelease(sampleRelease('a', 'b'), sampleRelease('a', 'a'))).toBe(false);
    expect(isSameRelease(sampleRelease('a', null), sampleRelease('a', 'a'))).toBe(false);
    expect(isSameRelease(sampleRelease('a', null), sampleRelease('a', null))).toBe(true);
  });
});

describe('The images that compose lays over the others', () => {
  it('are those of the services that there are', () => {
    const release = sampleRelease('a', 'b');
    expect(imagesText(release).split('\n').slice(2)).toEqual([
      'services:',
      '  api:',
      `    image: registry.example:5000/tip-top/backend@sha256:${'a'.repeat(64)}`,
      '  ops:',
      `    image: registry.example:5000/tip-top/backend@sha256:${'a'.repeat(64)}`,
      '  frontend:',
      `    image: registry.example:5000/tip-top/frontend@sha256:${'b'.repeat(64)}`,
      '',
    ]);
    expect(servicesOf(sampleRelease('a', null))).toEqual(['api', 'ops']);
  });

  it('are none before the first deployment', () => {
    expect(parseImages('# Written by tiptop deploy.\nservices: {}\n', FILE)).toBeUndefined();
  });

  it('are refused where somebody has changed them', () => {
    const text = imagesText(sampleRelease('a'));
    const changed = text.replace(/image: \S+/, `image: registry.example/backend@sha256:${'c'.repeat(64)}`);
    expect(() => parseImages(changed, FILE)).toThrow(`${FILE} is not as "tiptop deploy" wrote it`);
    expect(() => parseImages(text.replace(/^# release.*$/m, ''), FILE)).toThrow(/is not as/);
  });
});

describe('What nginx passes requests on to', () => {
  it('is written as nginx reads it', () => {
    const hosts = { api: 'the_api_2', frontend: 'frontend' };
    expect(upstreamsText({ release: sampleRelease(), hosts }).split('\n').slice(2)).toEqual([
      'map "" $api_host { default the_api_2; }',
      'map "" $frontend_host { default frontend; }',
      '',
    ]);
  });

  it('is unknown before the first deployment', () => {
    expect(parseUpstreams('map "" $api_host {\n  default api;\n}\n')).toBeUndefined();
  });

  it.each(['a; include /etc/passwd', 'a b', '', '-x', 'a\nb'])('is never more than a name: %j', (name) => {
    const routes = { release: sampleRelease(), hosts: { ...BY_SERVICE, api: name } };
    expect(() => upstreamsText(routes)).toThrow(/no container’s name/);
  });
});
