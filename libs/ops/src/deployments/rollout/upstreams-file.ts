import { StepFailure } from '../../backups/backup-source';
import type { Release } from '../release';
import { releaseIn, releaseLine } from './release-text';

/** Services that nginx passes requests on to. */
export const ROUTED = ['api', 'frontend'] as const;
export type RoutedService = (typeof ROUTED)[number];

/** The name by which nginx finds each: a container's own, or the service's, which is all of its containers. */
export type Hosts = Readonly<Record<RoutedService, string>>;

/** What nginx passes requests on to, and which release that is. */
export interface Routes {
  release: Release;
  hosts: Hosts;
}

export const BY_SERVICE: Hosts = { api: 'api', frontend: 'frontend' };

/** As the engine allows names of containers. */
const HOST = /^[A-Za-z0-9][A-Za-z0-9_.-]*$/;

/** @throws StepFailure for a name that could be more than a name to nginx */
export function upstreamsText({ release, hosts }: Routes): string {
  const maps = ROUTED.map((service) => {
    const host = hosts[service];
    if (!HOST.test(host)) throw new StepFailure(`${JSON.stringify(host)} is no container’s name`, false);
    return `map "" $${service}_host { default ${host}; }`;
  });
  const head = '# Written by tiptop: what requests are passed on to. The release is the one that answers.';
  return [head, releaseLine(release), ...maps, ''].join('\n');
}

/** @returns undefined for a file that no deployment has written yet */
export function parseUpstreams(text: string): Routes | undefined {
  const release = releaseIn(text);
  if (!release) return undefined;
  const host = (service: RoutedService): string => {
    const [, name] = new RegExp(`^map "" \\$${service}_host \\{ default (\\S+); \\}$`, 'm').exec(text) ?? [];
    return name ?? BY_SERVICE[service];
  };
  return { release, hosts: { api: host('api'), frontend: host('frontend') } };
}
