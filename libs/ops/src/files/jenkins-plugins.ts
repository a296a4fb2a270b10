import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readZipMember } from './zip-member';

const MANIFEST = 'META-INF/MANIFEST.MF';
/** A plugin, and the mark that switches it off. */
const PLUGIN_FILE = /^(.+)\.[jh]pi$/;
const DISABLED_FILE = /^(.+)\.[jh]pi\.disabled$/;

export interface JenkinsPlugin {
  name: string;
  version: string;
  disabled: boolean;
}

export interface JenkinsPlugins {
  plugins: readonly JenkinsPlugin[];
  /** What there is of plugins that could not be told of, and why. */
  warnings: readonly string[];
}

/**
 * The plugins of a Jenkins home with their versions, from their manifests: of the archives, and of the folders that they
 * are unpacked into where an archive is missing or can't be read.
 * @throws the file system's fault where the folder can't be read
 */
export async function readPlugins(folder: string): Promise<JenkinsPlugins> {
  const entries = await readdir(folder, { withFileTypes: true });
  const disabled = new Set(entries.map(({ name }) => DISABLED_FILE.exec(name)?.[1]));
  // By the names of their files: Jenkins renames an archive to them as it installs it.
  const archives = new Map<string, string>();
  for (const { name } of entries) {
    const [, plugin] = PLUGIN_FILE.exec(name) ?? [];
    if (plugin !== undefined) archives.set(plugin, name);
  }
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  const plugins: JenkinsPlugin[] = [];
  const warnings: string[] = [];
  for (const name of [...new Set([...archives.keys(), ...folders])].sort()) {
    const archive = archives.get(name);
    const inArchive = archive === undefined ? undefined : await fromArchive(join(folder, archive));
    const manifest = inArchive instanceof Error || !inArchive ? await fromFolder(join(folder, name)) : inArchive;
    const version = manifest?.get('Plugin-Version');
    if (inArchive instanceof Error) warnings.push(`The plugin ${archive ?? name}: ${inArchive.message}`);
    if (version !== undefined) {
      plugins.push({ name: manifest?.get('Short-Name') ?? name, version, disabled: disabled.has(name) });
    } else if (archive !== undefined && !(inArchive instanceof Error)) {
      warnings.push(`The plugin ${archive}: its manifest has no version`);
    }
  }
  return { plugins, warnings };
}

/** As `jenkins-plugin-cli --plugin-file` takes it, which passes over comments. */
export function pluginList({ plugins }: JenkinsPlugins, jenkinsVersion: string | undefined): string {
  const disabled = plugins.filter((plugin) => plugin.disabled).map(({ name }) => name);
  return [
    `# Jenkins ${jenkinsVersion ?? 'of an unknown version'}`,
    ...(disabled.length > 0 ? [`# disabled: ${disabled.join(', ')}`] : []),
    ...plugins.map(({ name, version }) => `${name}:${version}`),
    '',
  ].join('\n');
}

async function fromArchive(path: string): Promise<Map<string, string> | Error> {
  try {
    const manifest = await readZipMember(path, MANIFEST);
    return manifest ? parseManifest(manifest.toString('utf8')) : new Error('it has no manifest');
  } catch (error) {
    return error as Error;
  }
}

async function fromFolder(path: string): Promise<Map<string, string> | undefined> {
  try {
    return parseManifest(await readFile(join(path, MANIFEST), 'utf8'));
  } catch {
    // A folder without a manifest is no plugin's.
    return undefined;
  }
}

/** The main section of a JAR's manifest: `Name: value`, where a line that begins with a blank continues the one before. */
function parseManifest(text: string): Map<string, string> {
  const [main = ''] = text.replace(/\r\n?/g, '\n').split('\n\n');
  const attributes = new Map<string, string>();
  for (const line of main.replace(/\n /g, '').split('\n')) {
    const [, name, value] = /^([\w-]+): (.*)$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined) attributes.set(name, value.trim());
  }
  return attributes;
}
