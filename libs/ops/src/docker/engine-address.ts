import type { RequestOptions } from 'node:http';

/** Of an engine without TLS; DOCKER_HOST may leave it out. */
const DEFAULT_PORT = 2375;

/** Where an engine listens. */
export interface EngineAddress {
  /** For a person: never with a password that somebody may have written into it. */
  place: string;
  options: Pick<RequestOptions, 'socketPath' | 'host' | 'port'>;
}

/** @param host `unix:///var/run/docker.sock` or `tcp://host:port`, as DOCKER_HOST has it */
export function engineAddress(host: string): EngineAddress {
  if (host.startsWith('unix://')) {
    const socketPath = host.slice('unix://'.length);
    return { place: socketPath, options: { socketPath } };
  }
  const { hostname, port } = new URL(host);
  const options = { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? DEFAULT_PORT : Number(port) };
  return { place: `${hostname}:${options.port}`, options };
}
