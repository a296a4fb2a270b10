import { Readable } from 'node:stream';
import { BatchingStream } from './batching-stream';

async function batched(pieces: Buffer[]): Promise<Buffer[]> {
  return Readable.from(pieces).pipe(new BatchingStream()).toArray() as Promise<Buffer[]>;
}

describe('Small pieces', () => {
  it('pass as fewer larger ones, every byte in its place', async () => {
    const pieces = Array.from({ length: 1000 }, (_, n) => Buffer.alloc(1 + ((n * 37) % 4096), n));
    const passed = await batched(pieces);
    expect(Buffer.concat(passed).equals(Buffer.concat(pieces))).toBe(true);
    expect(passed.length).toBeLessThan(20);
  });

  it.each([0, 1, 131_071, 131_072, 131_073])('pass whole where they are %d bytes in all', async (bytes) => {
    const passed = await batched([Buffer.alloc(bytes, 'x')]);
    expect(Buffer.concat(passed).equals(Buffer.alloc(bytes, 'x'))).toBe(true);
  });
});
