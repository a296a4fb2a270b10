import { Readable } from 'node:stream';
import {
  containerdImage,
  legacyImage,
  type MadeImage,
  type Members,
  ociImage,
  sha256,
  tarOf,
} from '../../../../test/support/image-archives';
import { ImageArchive } from './image-archive';
import { checkImageArchive } from './image-archive-check';

const never = new AbortController().signal;
const LAYERS = [Buffer.alloc(30_000, 'one'), Buffer.alloc(200_000, 'two'), Buffer.from('three')];

async function check({ members, id }: MadeImage): Promise<number> {
  return checkImageArchive(await ImageArchive.read([Readable.from([await tarOf(members)])], never), id);
}

function without(members: Members, name: string): Members {
  return Object.fromEntries(Object.entries(members).filter(([other]) => other !== name));
}

/** The name of the member that holds these bytes. */
function nameOf(members: Members, bytes: Buffer): string {
  return Object.entries(members).find(([, content]) => Buffer.isBuffer(content) && content.equals(bytes))![0];
}

function textOf(content: Members[string] | undefined): string {
  return (content as Buffer).toString();
}

function flipped(bytes: Buffer): Buffer {
  const changed = Buffer.from(bytes);
  changed[changed.length >> 1]! ^= 1;
  return changed;
}

describe('The archive of an image', () => {
  it.each([
    ['of an older engine', legacyImage(LAYERS), 3],
    ['of an older engine, with a layer twice', legacyImage([LAYERS[0]!, LAYERS[1]!, LAYERS[0]!]), 3],
    ['of a newer engine', ociImage(LAYERS), 3],
    ['of an engine with containerd’s image store', containerdImage(LAYERS), 3],
    ['without layers', legacyImage([]), 0],
  ])('%s is whole', async (_what, image, layers) => {
    await expect(check(image)).resolves.toBe(layers);
  });

  it.each([
    ['of an older engine', legacyImage(LAYERS)],
    ['of a newer engine', ociImage(LAYERS)],
  ])('%s is no good where something of it is missing or changed', async (_what, { members, id }) => {
    for (const layer of LAYERS) {
      const name = nameOf(members, layer);
      await expect(check({ members: without(members, name), id })).rejects.toThrow(`layer ${name} is missing`);
      const changed = { ...members, [name]: flipped(layer) };
      await expect(check({ members: changed, id })).rejects.toThrow(`${name} was changed`);
    }
    const config = Object.keys(members)[0]!;
    await expect(check({ members: without(members, config), id })).rejects.toThrow(
      `configuration ${config} is missing`,
    );
    await expect(check({ members: without(members, 'manifest.json'), id })).rejects.toThrow('no manifest.json');
  });

  it('is no good where a layer that comes twice points at nothing', async () => {
    const { members, id } = legacyImage([LAYERS[0]!, LAYERS[1]!, LAYERS[0]!]);
    const first = nameOf(members, LAYERS[0]!);
    await expect(check({ members: without(members, first), id })).rejects.toThrow('is missing');
  });

  it('is no good where it is of another image, though that is whole', async () => {
    const other = legacyImage(LAYERS.slice(1));
    const { id } = legacyImage(LAYERS);
    await expect(check({ members: other.members, id })).rejects.toThrow(`of the image ${other.id}, and not of ${id}`);
    const oci = containerdImage(LAYERS.slice(1));
    await expect(check({ members: oci.members, id })).rejects.toThrow(`and not of ${id}`);
  });

  it('is no good where its layers are others than, or others in order than, the image was built of', async () => {
    const { members, id } = legacyImage(LAYERS);
    const [named] = JSON.parse(textOf(members['manifest.json'])) as { Layers: string[] }[];
    const naming = (Layers: string[]): MadeImage => {
      return { id, members: { ...members, 'manifest.json': Buffer.from(JSON.stringify([{ ...named, Layers }])) } };
    };
    await expect(check(naming(named!.Layers.slice(1)))).rejects.toThrow('it has 2 layers, and was built of 3');
    await expect(check(naming([...named!.Layers].reverse()))).rejects.toThrow('was changed');
  });

  it.each([
    ['not JSON', '<html>', /can’t be read as JSON/],
    ['of no image', '[]', /names no image/],
    ['of another shape', '{"Config":"x"}', /names no image/],
    ['of strange members', '[7]', /configuration {2}is missing/],
  ])('is no good with a manifest that is %s', async (_what, text, why) => {
    const { members, id } = legacyImage(LAYERS);
    await expect(check({ id, members: { ...members, 'manifest.json': Buffer.from(text) } })).rejects.toThrow(why);
  });

  describe('of containerd’s image store', () => {
    const image = containerdImage(LAYERS);
    const { members, id } = image;

    it('may be asked for by the id of its manifest', async () => {
      await expect(check({ members, id: `sha256:${image.manifest.slice(-64)}` })).resolves.toBe(3);
    });

    it.each(['manifest', 'index'] as const)('is no good without its %s', async (part) => {
      await expect(check({ members: without(members, image[part]), id })).rejects.toThrow(`and not of ${id}`);
    });

    it('is no good where anything in it was changed, that no layer needs as well', async () => {
      for (const [name, content] of Object.entries(members)) {
        if (!name.startsWith('blobs/')) continue;
        const changed = { ...members, [name]: flipped(content as Buffer) };
        await expect(check({ members: changed, id })).rejects.toThrow(`${name} was changed`);
      }
    });

    it('is no good with a layer of another image, whole as it is', async () => {
      const bytes = Buffer.from('another one');
      const name = `blobs/sha256/${sha256(bytes)}`;
      const [named] = JSON.parse(textOf(members['manifest.json'])) as { Layers: string[] }[];
      const text = JSON.stringify([{ ...named, Layers: [name, ...named!.Layers.slice(1)] }]);
      const changed = { ...members, [name]: bytes, 'manifest.json': Buffer.from(text) };
      await expect(check({ members: changed, id })).rejects.toThrow(`layer ${name} was changed`);
    });

    it('is read to an end where an index names itself', async () => {
      const loop = Buffer.from(`{"manifests":[{"digest":"${id}"}]}`);
      const changed = { ...without(members, image.index), [`blobs/sha256/${id.slice(7)}`]: loop };
      await expect(check({ members: changed, id })).rejects.toThrow('was changed');
    });
  });

  it('is no good where it is no tar, or one cut off', async () => {
    const whole = await tarOf(legacyImage(LAYERS).members);
    const read = (bytes: Buffer) => ImageArchive.read([Readable.from([bytes])], never);
    await expect(read(Buffer.alloc(5000, 'x'))).rejects.toThrow(/tar/i);
    await expect(read(whole.subarray(0, 100_000))).rejects.toThrow(/Unexpected end/);
  });

  it('does not keep the text of what is no description, nor of too much', async () => {
    const archive = await ImageArchive.read(
      [
        Readable.from([
          await tarOf({
            small: Buffer.from('{"a":1}'),
            layer: Buffer.from('no JSON'),
            large: Buffer.concat([Buffer.from('{'), Buffer.alloc(4 * 1024 * 1024)]),
          }),
        ]),
      ],
      never,
    );
    const texts = [...archive.all()].map(([name, { text }]) => [name, text?.length]);
    expect(texts).toEqual([
      ['small', 7],
      ['layer', undefined],
      ['large', undefined],
    ]);
  });
});
