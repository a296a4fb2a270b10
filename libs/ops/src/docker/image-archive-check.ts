import type { ImageArchive } from './image-archive';

const DIGEST = /^sha256:([0-9a-f]{64})$/;
const BLOB = /^blobs\/sha256\/([0-9a-f]{64})$/;

/** An image's archive is not what it has to be. The message says in what, for a person. */
export class ImageArchiveFault extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ImageArchiveFault';
  }
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * Whether an archive holds an image whole: the configuration and layers that its manifest.json names are there, each is
 * the one that the image was built of, and the configuration is that of the image asked for.
 *
 * Engines fail quietly here: one that can't read a layer leaves it out and ends well, or writes its error after the tar
 * and ends well (TarWithOptions in moby's pkg/archive/archive.go; getImagesGet in its api/server/router/image).
 * @param id `sha256:…` as the engine tells it: of the configuration, or, with containerd's image store, of a manifest or
 *   index that leads to it
 * @returns how many layers there are
 * @throws ImageArchiveFault
 */
export function checkImageArchive(archive: ImageArchive, id: string): number {
  const manifest = archive.member('manifest.json');
  if (!manifest) throw new ImageArchiveFault('it has no manifest.json');
  const images = arrayOf(parsed(manifest.text));
  if (images.length === 0) throw new ImageArchiveFault('its manifest.json names no image');
  for (const [name, { sha256 }] of archive.all()) {
    const expected = BLOB.exec(name)?.[1];
    if (expected !== undefined && expected !== sha256) throw new ImageArchiveFault(`its ${name} was changed`);
  }
  let layers = 0;
  for (const image of images) layers += checkImage(archive, fieldsOf(image), id);
  return layers;
}

function checkImage(archive: ImageArchive, image: Fields, id: string): number {
  const configName = textOf(image.Config);
  const config = archive.member(configName);
  if (!config) throw new ImageArchiveFault(`its configuration ${configName} is missing`);
  const digest = `sha256:${config.sha256}`;
  const blobLayers = digest === id ? undefined : layersByManifest(archive, id, digest);
  if (digest !== id && !blobLayers) throw new ImageArchiveFault(`it is of the image ${digest}, and not of ${id}`);
  const built = arrayOf(fieldsOf(fieldsOf(parsed(config.text)).rootfs).diff_ids);
  const names = arrayOf(image.Layers).map(textOf);
  if (names.length !== built.length) {
    throw new ImageArchiveFault(`it has ${names.length} layers, and was built of ${built.length}`);
  }
  names.forEach((name, n) => {
    const layer = archive.member(name);
    if (!layer) throw new ImageArchiveFault(`its layer ${name} is missing`);
    const own = `sha256:${layer.sha256}`;
    // A store that keeps layers compressed knows them by their compressed bytes.
    if (own !== built[n] && own !== blobLayers?.[n]) throw new ImageArchiveFault(`its layer ${name} was changed`);
  });
  return names.length;
}

/** The layers' digests by the manifest that leads from an id to a configuration; undefined where none does. */
function layersByManifest(archive: ImageArchive, id: string, config: string): string[] | undefined {
  const waiting = [id];
  const seen = new Set<string>();
  for (let digest = waiting.pop(); digest !== undefined; digest = waiting.pop()) {
    const [, hash] = DIGEST.exec(digest) ?? [];
    const blob = hash === undefined || seen.has(digest) ? undefined : archive.member(`blobs/sha256/${hash}`);
    seen.add(digest);
    // Of an index for several platforms, those that were never fetched are not there.
    if (blob?.text === undefined) continue;
    const fields = fieldsOf(parsed(blob.text));
    if (fieldsOf(fields.config).digest === config) {
      return arrayOf(fields.layers).map((layer) => textOf(fieldsOf(layer).digest));
    }
    for (const manifest of arrayOf(fields.manifests)) waiting.push(textOf(fieldsOf(manifest).digest));
  }
  return undefined;
}

function parsed(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    throw new ImageArchiveFault('what describes it can’t be read as JSON');
  }
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

function arrayOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
