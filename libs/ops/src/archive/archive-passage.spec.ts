import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { type Age, AgeFault } from './age';
import { ArchivePassage } from './archive-passage';

/** Reads nothing of an archive until the disk has given all of it, and finds then that the key is another. */
class LateRefusal implements Pick<Age, 'decrypt'> {
  async decrypt(source: Readable): Promise<void> {
    await pause(50);
    source.destroy();
    throw new AgeFault('wrong-key');
  }
}

describe('Archive passage', () => {
  let folder: string;

  beforeAll(async () => (folder = await mkdtemp(join(tmpdir(), 'tiptop-passage-'))));
  afterAll(() => rm(folder, { recursive: true, force: true }));

  // From one piece to three: the last of them waits in the file's own buffer, behind what nobody takes.
  it.each([1, 100_000, 131_072, 150_000, 200_000, 262_144, 300_000])(
    'ends where an archive of %i bytes is refused after it was read',
    async (bytes) => {
      const archive = join(folder, `${bytes}.tar.age`);
      await writeFile(archive, Buffer.alloc(bytes, 1));
      const opened = new ArchivePassage({}).open(
        archive,
        join(folder, 'key'),
        new LateRefusal() as unknown as Age,
        new AbortController().signal,
      );
      await expect(opened).rejects.toMatchObject({ kind: 'wrong-key' });
    },
    20_000,
  );
});
