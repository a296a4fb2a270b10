import { type AgeFault, AGE_CHUNK, AGE_TAG } from './age';
import { ArchiveFault } from './archive-fault';

/** More than the first lines of a file of age take, with every recipient that anybody has. */
const HEADER_AT_MOST = 16 * 1024;

/** What was known when the decryption gave up. */
export interface Opening {
  archive: string;
  /** Of the archive. */
  bytes: number;
  identityFile: string;
  /** Public keys of the identities that were tried. */
  tried: readonly string[];
  /** Decrypted by then. */
  plainBytes: number;
  /** Bytes of all artifacts, once manifest.json was read. */
  artifactBytes: number | undefined;
  /** Whom it is encrypted to, where a manifest stands beside it. */
  recipients: readonly string[] | undefined;
}

/** Why an archive could not be decrypted, in words for whoever needs it open. */
export function inWords(fault: AgeFault, opening: Opening): ArchiveFault {
  const { archive, identityFile, tried } = opening;
  const options = { cause: fault };
  switch (fault.kind) {
    case 'wrong-key': {
      const { recipients } = opening;
      const others = recipients ? `to ${recipients.join(', ')}` : 'to other keys, or its first lines are damaged';
      const keys = `the private key of ${tried.join(', ')}`;
      const text = `${archive} can’t be opened with ${identityFile}, ${keys}: it is encrypted ${others}`;
      return new ArchiveFault('wrong-key', text, options);
    }
    case 'not-age':
      return new ArchiveFault(
        'damaged',
        `${archive} is not encrypted with age, or is damaged from its first byte`,
        options,
      );
    case 'header':
      return new ArchiveFault('damaged', `${archive} is damaged in its first lines, or cut off there`, options);
    case 'cut-off':
      return new ArchiveFault('cut-off', `${archive} is cut off: it ends after ${opening.bytes} bytes`, options);
    case 'payload':
      return payloadInWords(opening, options);
  }
}

function payloadInWords(opening: Opening, options: ErrorOptions): ArchiveFault {
  const { archive, bytes, plainBytes, artifactBytes } = opening;
  if (artifactBytes !== undefined && bytes < artifactBytes) {
    const text = `${archive} is cut off: it has ${bytes} bytes, and what it holds has ${artifactBytes}`;
    return new ArchiveFault('cut-off', text, options);
  }
  const at = Math.floor(plainBytes / AGE_CHUNK) * (AGE_CHUNK + AGE_TAG);
  // A chunk that is cut off fails as a damaged one does, and can only be the last.
  const last = bytes - at <= AGE_CHUNK + AGE_TAG + HEADER_AT_MOST;
  const where = last ? 'cut off, or damaged near its end' : `damaged near its byte ${at}`;
  return new ArchiveFault('damaged', `${archive} is ${where} (of ${bytes} bytes)`, options);
}
