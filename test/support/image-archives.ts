import { createHash } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';

/** Contents by name; `{ link }` is a symbolic link. */
export type Members = Record<string, Buffer | { link: string }>;

/** An archive of `docker save`, in pieces that a test can break. */
export interface MadeImage {
  id: string;
  members: Members;
}

export function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** The same bytes whenever it is made. */
export async function tarOf(members: Members): Promise<Buffer> {
  const tar = pack();
  const mtime = new Date(0);
  for (const [name, content] of Object.entries(members)) {
    if (Buffer.isBuffer(content)) tar.entry({ name, mtime }, content);
    else tar.entry({ name, mtime, type: 'symlink', linkname: content.link });
  }
  tar.finalize();
  return buffer(tar);
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

function configOf(layers: readonly Buffer[]): Buffer {
  const diffIds = layers.map((layer) => `sha256:${sha256(layer)}`);
  return json({ architecture: 'amd64', rootfs: { type: 'layers', diff_ids: diffIds } });
}

/** As engines up to version 24 write it; a layer that comes twice is a link to the first. */
export function legacyImage(layers: readonly Buffer[]): MadeImage {
  const config = configOf(layers);
  const members: Members = { [`${sha256(config)}.json`]: config };
  const names = layers.map((layer, n) => {
    const name = `${sha256(json([n, sha256(layer)]))}/layer.tar`;
    const first = layers.indexOf(layer);
    members[name] = first === n ? layer : { link: `../${sha256(json([first, sha256(layer)]))}/layer.tar` };
    return name;
  });
  members['manifest.json'] = json([{ Config: `${sha256(config)}.json`, RepoTags: null, Layers: names }]);
  return { id: `sha256:${sha256(config)}`, members };
}

function blob(bytes: Buffer): string {
  return `blobs/sha256/${sha256(bytes)}`;
}

/** As engines from version 25 on write it. */
export function ociImage(layers: readonly Buffer[]): MadeImage {
  const config = configOf(layers);
  const members: Members = { [blob(config)]: config };
  for (const layer of layers) members[blob(layer)] = layer;
  members['index.json'] = json({ schemaVersion: 2, manifests: [] });
  members['manifest.json'] = json([{ Config: blob(config), RepoTags: null, Layers: layers.map(blob) }]);
  return { id: `sha256:${sha256(config)}`, members };
}

/** As engines with containerd's image store write it: layers compressed, and an index of platforms for an id. */
export function containerdImage(layers: readonly Buffer[]): MadeImage & { manifest: string; index: string } {
  const config = configOf(layers);
  const packed = layers.map((layer) => gzipSync(layer));
  const manifest = json({
    config: { digest: `sha256:${sha256(config)}` },
    layers: packed.map((bytes) => ({ digest: `sha256:${sha256(bytes)}` })),
  });
  const elsewhere = { digest: `sha256:${'0'.repeat(64)}`, platform: { architecture: 'arm64' } };
  const index = json({ manifests: [{ digest: `sha256:${sha256(manifest)}` }, elsewhere] });
  const members: Members = { [blob(config)]: config, [blob(manifest)]: manifest, [blob(index)]: index };
  for (const bytes of packed) members[blob(bytes)] = bytes;
  members['manifest.json'] = json([{ Config: blob(config), RepoTags: null, Layers: packed.map(blob) }]);
  return { id: `sha256:${sha256(index)}`, members, manifest: blob(manifest), index: blob(index) };
}
