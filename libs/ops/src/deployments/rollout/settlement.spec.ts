import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SampleEnvironment } from '../spec-support/sample-environment';
import { sampleRelease } from '../spec-support/sample-release';
import { BY_SERVICE } from './upstreams-file';

const [one, two] = [sampleRelease('a'), sampleRelease('b')];

describe('An environment that a deployment has left', () => {
  let environment: SampleEnvironment;

  beforeEach(async () => {
    environment = await SampleEnvironment.make();
  });
  afterEach(() => environment.remove());

  const settle = async () => environment.rollOut.settle(environment.underway);

  async function left(api: string, release = one, images = release): Promise<void> {
    await environment.files.writeImages(images);
    await environment.files.writeRoutes({ release, hosts: { ...BY_SERVICE, api } });
  }

  it('is let be where all is as it should be', async () => {
    environment.addAll(one);
    await left('api');
    await expect(settle()).resolves.toEqual({ release: one, answers: true, done: [], warnings: [] });
    expect(environment.done).toEqual([]);
  });

  it('is let be before the first switch: there is nothing to go back to', async () => {
    await environment.files.writeImages(two);
    environment.add('api', two.backend.id);
    await expect(settle()).resolves.toEqual({ release: undefined, answers: false, done: [], warnings: [] });
    expect(environment.done).toEqual([]);
  });

  it('keeps the old release before the switch: nginx first, then the new container goes', async () => {
    environment.addAll(one);
    const [old = ''] = environment.named('api');
    const fresh = environment.add('api', two.backend.id);
    await left(old, one, two);
    const { release, done } = await settle();
    expect(release).toEqual(one);
    expect(done).toEqual(['compose starts the release again that answers', `removed ${fresh}`]);
    expect(environment.done).toEqual([`nginx → ${old}`, `stop ${fresh}`, `remove ${fresh}`, 'nginx → api']);
    await expect(environment.files.images()).resolves.toEqual(one);
    await expect(environment.files.routes()).resolves.toEqual({ release: one, hosts: BY_SERVICE });
  });

  it('keeps the new release after the switch, and brings ops to it', async () => {
    environment.addAll(one);
    const [old = ''] = environment.named('api');
    const fresh = environment.add('api', two.backend.id);
    environment.containers.find((each) => each.service === 'frontend')!.imageId = two.frontend!.id;
    await left(fresh, two);
    await expect(settle()).resolves.toMatchObject({ release: two, answers: true, warnings: [] });
    expect(environment.done).toEqual([`nginx → ${fresh}`, `stop ${old}`, `remove ${old}`, 'nginx → api', 'up ops']);
    expect(environment.containers.find((each) => each.service === 'ops')!.imageId).toBe(two.backend.id);
  });

  it('keeps, of two of the same image, the one that requests go to', async () => {
    environment.addAll(one);
    const [old = ''] = environment.named('api');
    const fresh = environment.add('api', one.backend.id);
    await left(fresh);
    await settle();
    expect(environment.named('api')).toEqual([fresh]);
    expect(environment.done[0]).toBe(`nginx → ${fresh}`);
    expect(old).not.toBe(fresh);
  });

  it('keeps a healthy one where requests went to one that is gone', async () => {
    environment.addAll(one);
    environment.containers.find((each) => each.service === 'api')!.health = 'starting';
    const healthy = environment.add('api', one.backend.id);
    await left('the_api_gone');
    await settle();
    expect(environment.named('api')).toEqual([healthy]);
  });

  it('starts the release where none of its containers runs, whatever else does', async () => {
    environment.addAll(one);
    const dead = environment.containers.find((each) => each.service === 'api')!;
    dead.running = false;
    const other = environment.add('api', two.backend.id);
    await left(dead.name);
    const { answers, done } = await settle();
    expect(answers).toBe(true);
    expect(done).toEqual([`removed ${dead.name}`, `removed ${other}`, 'started api']);
    // What does not run is not waited for.
    expect(environment.done.filter((line) => line.startsWith('stop'))).toEqual([`stop ${other}`]);
    expect(environment.containers.filter(({ service }) => service === 'api').map(({ imageId }) => imageId)).toEqual([
      one.backend.id,
    ]);
  });

  it('has a warning where the release does not start: the next one may', async () => {
    environment.addAll(one);
    environment.containers.splice(1, 1);
    environment.sick.add(one.backend.id);
    await left('api');
    const { answers, warnings } = await settle();
    expect(answers).toBe(false);
    expect(warnings).toEqual([expect.stringMatching(/^api does not run: the_api_\d is unhealthy; .*its last words/)]);
    expect(environment.done).toEqual(['up api']);
  });

  it('keeps all containers where nginx can not be told: requests may go to any of them', async () => {
    environment.addAll(one);
    const [old = ''] = environment.named('api');
    environment.add('api', two.backend.id);
    environment.nginxFault = 'nginx -t: unknown directive';
    await left(old);
    const { answers, warnings } = await settle();
    expect(answers).toBe(true);
    expect(warnings).toEqual(['nginx was not told, and old containers stay: nginx -t: unknown directive']);
    expect(environment.named('api')).toHaveLength(2);
    await expect(environment.files.routes()).resolves.toMatchObject({ release: one, hosts: { api: old } });
  });

  it('has nginx pass requests on by the name of the service again', async () => {
    environment.addAll(one);
    const [only = ''] = environment.named('api');
    await left(only);
    await expect(settle()).resolves.toMatchObject({ done: [], warnings: [] });
    expect(environment.done).toEqual(['nginx → api']);
    await expect(environment.files.routes()).resolves.toEqual({ release: one, hosts: BY_SERVICE });
  });

  it('does not turn nginx before there is something to turn to', async () => {
    const bare = sampleRelease('a', null);
    environment.add('ops', bare.backend.id);
    const other = environment.add('api', two.backend.id);
    await left('api', bare);
    await settle();
    expect(environment.done).toEqual([`stop ${other}`, `remove ${other}`, 'up api', 'nginx → api']);
  });

  it('has one ops', async () => {
    environment.addAll(one);
    environment.add('ops', one.backend.id);
    await left('api');
    await expect(settle()).resolves.toMatchObject({ done: ['started ops of the release'] });
    expect(environment.named('ops')).toHaveLength(1);
  });

  it('has images that somebody has changed written again', async () => {
    environment.addAll(one);
    await left('api');
    await writeFile(join(environment.folder, 'docker-compose.images.yml'), 'services:\n  api:\n    image: other\n');
    await expect(settle()).resolves.toMatchObject({ done: ['compose starts the release again that answers'] });
    await expect(environment.files.images()).resolves.toEqual(one);
  });

  it('has containers of single commands ended', async () => {
    environment.addAll(one);
    const runs = environment.add('ops', two.backend.id, { oneOff: true, name: 'the_ops_run_1' });
    environment.add('ops', two.backend.id, { oneOff: true, running: false, name: 'the_ops_run_2' });
    await left('api');
    await settle();
    expect(environment.done.slice(0, 3)).toEqual([`stop ${runs}`, `remove ${runs}`, 'remove the_ops_run_2']);
  });

  it('has no frontend started where the release has none', async () => {
    const bare = sampleRelease('a', null);
    environment.addAll(bare);
    await left('api', bare);
    await expect(settle()).resolves.toMatchObject({ done: [] });
  });

  it('is not settled in part where that is stopped', async () => {
    environment.addAll(one);
    environment.containers.splice(1, 1);
    environment.sick.add(one.backend.id);
    await left('api');
    const stop = new AbortController();
    stop.abort(new Error('SIGTERM'));
    const settling = environment.rollOut.settle({ ...environment.underway, signal: stop.signal });
    await expect(settling).rejects.toThrow();
  });
});
