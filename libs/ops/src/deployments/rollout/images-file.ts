import { StepFailure } from '../../backups/backup-source';
import { referenceOf, type Release } from '../release';
import { releaseIn, releaseLine } from './release-text';

/** Which image of a release each service is made of. */
export const SERVICES = { api: 'backend', ops: 'backend', frontend: 'frontend' } as const;
export type ServiceOfRelease = keyof typeof SERVICES;

const IMAGE_LINE = /^\s+image:\s*(\S+)\s*$/gm;

/** Those that there are: an environment may be without a frontend. */
export function servicesOf(release: Release): ServiceOfRelease[] {
  return (Object.keys(SERVICES) as ServiceOfRelease[]).filter((service) => release[SERVICES[service]] !== null);
}

/** What compose lays over the other files. */
export function imagesText(release: Release): string {
  const lines = servicesOf(release).flatMap((service) => {
    const image = release[SERVICES[service]];
    return image ? [`  ${service}:`, `    image: ${referenceOf(image)}`] : [];
  });
  const head = '# Written by "tiptop deploy" and "tiptop rollback", which replace it: the images of the release.';
  return [head, releaseLine(release), 'services:', ...lines, ''].join('\n');
}

/**
 * @param path for the message
 * @returns undefined for one that names no image yet
 * @throws StepFailure where somebody has changed it: what it says of the release may not be what compose starts
 */
export function parseImages(text: string, path: string): Release | undefined {
  const release = releaseIn(text);
  const images = [...text.matchAll(IMAGE_LINE)].map(([, image]) => image);
  if (!release && images.length === 0) return undefined;
  const wanted = release && servicesOf(release).map((service) => imageIn(release, service));
  if (!release || !wanted || images.join() !== wanted.join()) {
    throw new StepFailure(`${path} is not as "tiptop deploy" wrote it; remove it, and the next one finds out`, false);
  }
  return release;
}

function imageIn(release: Release, service: ServiceOfRelease): string | undefined {
  const image = release[SERVICES[service]];
  return image ? referenceOf(image) : undefined;
}
