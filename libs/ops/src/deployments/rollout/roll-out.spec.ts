import { SampleEnvironment } from '../spec-support/sample-environment';
import { sampleRelease } from '../spec-support/sample-release';
import { BY_SERVICE } from './upstreams-file';

const [one, two] = [sampleRelease('a'), sampleRelease('b')];

describe('A roll-out', () => {
  let environment: SampleEnvironment;

  beforeEach(async () => {
    environment = await SampleEnvironment.make();
  });
  afterEach(() => environment.remove());

  /** As after a deployment. */
  async function serve(release = one): Promise<void> {
    environment.addAll(release);
    await environment.files.writeImages(release);
    await environment.files.writeRoutes({ release, hosts: BY_SERVICE });
  }

  async function begin(release = two) {
    await environment.rollOut.stage(release, environment.underway);
    return environment.rollOut.switchTo(release, environment.underway);
  }

  const failureOf = async (work: Promise<unknown>): Promise<string> =>
    work.then(
      () => 'none',
      (error: unknown) => (error as Error).message,
    );

  it('goes from container to container: the old ones by name, the new ones beside them, then over', async () => {
    await serve();
    const [old = ''] = environment.named('api');
    const switched = await begin();
    const fresh = environment.named('api').at(-1) ?? '';
    expect(switched).toMatchObject({ manner: 'rolling', warnings: [] });
    expect(environment.done).toEqual([`nginx → ${old}`, 'up api', 'up frontend', `nginx → ${fresh}`]);
    await expect(environment.files.routes()).resolves.toMatchObject({ release: two });
    await expect(switched.accept(environment.underway)).resolves.toEqual([]);
    expect(environment.named('api')).toEqual([fresh]);
    await expect(environment.rollOut.current(environment.underway)).resolves.toEqual(two);
  });

  it('leaves a frontend that is the same', async () => {
    await serve();
    await begin(sampleRelease('b', 'a'));
    expect(environment.done.filter((line) => line.startsWith('up'))).toEqual(['up api']);
  });

  it('goes back to the container that has waited', async () => {
    await serve();
    const [old = ''] = environment.named('api');
    const switched = await begin();
    environment.done.length = 0;
    await switched.revert(environment.underway);
    expect(environment.done[0]).toBe(`nginx → ${old}`);
    expect(environment.named('api')).toEqual([old]);
    await expect(environment.files.images()).resolves.toEqual(one);
    await expect(environment.files.routes()).resolves.toEqual({ release: one, hosts: BY_SERVICE });
  });

  it('goes back to a new container of the old release where the one that waited has ended', async () => {
    await serve();
    const switched = await begin();
    environment.containers.find(({ imageId }) => imageId === one.backend.id)!.running = false;
    environment.done.length = 0;
    await switched.revert(environment.underway);
    expect(environment.done[0]).toBe('nginx → api');
    expect(environment.containers.filter(({ service }) => service === 'api')).toMatchObject([
      { imageId: one.backend.id, running: true },
    ]);
  });

  it('says so where it can not go back', async () => {
    await serve();
    const switched = await begin();
    environment.containers.find(({ imageId }) => imageId === one.backend.id)!.running = false;
    environment.sick.add(one.backend.id);
    await expect(switched.revert(environment.underway)).rejects.toThrow(/^api does not run: .* is unhealthy/);
  });

  it('has undone all of it where a new container is no good', async () => {
    await serve();
    const before = environment.named('api');
    environment.sick.add(two.backend.id);
    expect(await failureOf(begin())).toMatch(/^the_api_\d is unhealthy; it said: its last words$/);
    expect(environment.named('api')).toEqual(before);
    await expect(environment.files.images()).resolves.toEqual(one);
    await expect(environment.files.routes()).resolves.toEqual({ release: one, hosts: BY_SERVICE });
  });

  it('refuses a container of another image than the release’s', async () => {
    await serve();
    await environment.rollOut.stage(two, environment.underway);
    const wrong = { ...two, backend: { ...two.backend, id: `sha256:${'9'.repeat(64)}` } };
    environment.files.writeImages = async () => Promise.resolve();
    expect(await failureOf(environment.rollOut.switchTo(wrong, environment.underway))).toMatch(
      /^the_api_\d runs sha256:1b.*, and not the release’s sha256:9/,
    );
  });

  it('interrupts the service where two containers do not fit, and says so', async () => {
    await serve();
    environment.refusal = 'the machine is small';
    const switched = await begin();
    expect(switched).toMatchObject({
      manner: 'recreate',
      warnings: ['the service was interrupted: the machine is small'],
    });
    expect(environment.done).toEqual(['up api', 'up ops', 'up frontend', 'nginx → api']);
    await switched.revert(environment.underway);
    await expect(environment.rollOut.current(environment.underway)).resolves.toEqual(one);
    await expect(environment.files.routes()).resolves.toEqual({ release: one, hosts: BY_SERVICE });
  });

  it('takes the place of containers of the same images as well: their settings may be others', async () => {
    await serve();
    const before = environment.containers.map(({ name }) => name);
    environment.refusal = 'the machine is small';
    await begin(one);
    expect(environment.containers.map(({ name }) => name).filter((name) => before.includes(name))).toEqual([
      'the_nginx_1',
    ]);
  });

  it('does not take the place with another image than the release’s', async () => {
    await serve();
    environment.refusal = 'the machine is small';
    environment.files.writeImages = async () => Promise.resolve();
    expect(await failureOf(begin())).toMatch(/^the_api_\d runs sha256:1a.*, and not the release’s sha256:1b/);
    await expect(environment.files.routes()).resolves.toMatchObject({ release: one });
  });

  it('has nothing to go back to at the first deployment', async () => {
    const switched = await begin(one);
    expect(switched.manner).toBe('recreate');
    await expect(switched.revert(environment.underway)).rejects.toThrow('There was no release before this one');
    await expect(environment.rollOut.current(environment.underway)).resolves.toEqual(one);
  });

  it('does not begin on what an earlier one has left', async () => {
    await serve();
    environment.add('api', one.backend.id);
    expect(await failureOf(begin())).toMatch(/an earlier deployment is not settled/);
  });

  it('writes down what answers before it tells compose of another release', async () => {
    environment.addAll(one);
    await environment.files.writeImages(one);
    await environment.rollOut.stage(two, environment.underway);
    await expect(environment.files.routes()).resolves.toEqual({ release: one, hosts: BY_SERVICE });
    await expect(environment.files.images()).resolves.toEqual(two);
    await expect(environment.rollOut.current(environment.underway)).resolves.toEqual(one);
  });

  it('does not take for a release what no registry holds', async () => {
    environment.add('api', `sha256:${'8'.repeat(64)}`);
    const current = environment.rollOut.current(environment.underway);
    await expect(current).rejects.toThrow(/runs an image that is not of registry.example:5000\/tip-top\/backend/);
  });

  it('looks at what runs, whatever is written down', async () => {
    await environment.files.writeImages(one);
    await environment.files.writeRoutes({ release: one, hosts: BY_SERVICE });
    environment.add('api', two.backend.id);
    await expect(environment.rollOut.current(environment.underway)).rejects.toThrow(/the_api_2 runs an image/);
  });

  it('knows of nothing before anything was deployed, or when the first deployment came to nothing', async () => {
    await expect(environment.rollOut.current(environment.underway)).resolves.toBeUndefined();
    await environment.files.writeImages(one);
    await expect(environment.rollOut.current(environment.underway)).resolves.toBeUndefined();
  });

  it('tells the end of what the migration says', async () => {
    const said = await environment.rollOut.migrate(environment.underway);
    expect(said).toMatch(/\nops tiptop migrate up$/);
    expect(said).toHaveLength(2000);
  });
});
