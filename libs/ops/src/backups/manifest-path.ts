/** The archive's own files, which no artifact may take the name of. */
export const MANIFEST_FILE = 'manifest.json';
export const SUMS_FILE = 'SHA256SUMS';

/** What Linux file systems take, in bytes. */
const LONGEST_NAME = 255;
const LONGEST_PATH = 4000;
// C0, DEL and C1: harmless to tar, not to the terminal, log or report that shows the name.
// eslint-disable-next-line no-control-regex
const CONTROL = /[\x00-\x1f\x7f-\x9f]/;

/** Why a path can't stand in an archive; undefined for one that can, and stays below the folder it is extracted to. */
export function pathProblem(path: string): string | undefined {
  if (path === MANIFEST_FILE || path === SUMS_FILE) return 'is the name of one of the archive’s own files';
  if (CONTROL.test(path)) return 'holds a control character';
  // What is not UTF-8 on the disk was read with replacements, and would be extracted under another name.
  if (path.includes('\uFFFD') || Buffer.from(path).toString() !== path) return 'is not UTF-8';
  if (Buffer.byteLength(path) > LONGEST_PATH) return `is longer than ${LONGEST_PATH} bytes`;
  for (const name of path.split('/')) {
    if (name === '') return 'is not relative, or holds an empty name';
    if (name === '.' || name === '..') return `holds the name ${name}`;
    if (Buffer.byteLength(name) > LONGEST_NAME) return `holds a name longer than ${LONGEST_NAME} bytes`;
  }
  return undefined;
}

/** A path that occurs twice, or is a file and a folder at once; undefined where every path has its own place. */
export function clashAmong(paths: readonly string[]): string | undefined {
  const files = new Set<string>();
  for (const path of paths) {
    if (files.has(path)) return path;
    files.add(path);
  }
  return paths.find((path) => {
    for (let end = path.indexOf('/'); end >= 0; end = path.indexOf('/', end + 1)) {
      if (files.has(path.slice(0, end))) return true;
    }
    return false;
  });
}
