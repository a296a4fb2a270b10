import { StepFailure } from '../../backups/backup-source';

export type ContainerHealth = 'healthy' | 'unhealthy' | 'starting';

/** A container as the engine tells of it. */
export interface ContainerFacts {
  id: string;
  /** Also its name in the networks that compose makes. */
  name: string;
  /** `sha256:…`: what it was made of, whatever that image is called today. */
  imageId: string;
  /** As compose asked for it. */
  image: string;
  /** Not while it waits for being started again. */
  running: boolean;
  /** Null where it has no healthcheck. */
  health: ContainerHealth | null;
  createdAt: Date;
  /** How often the engine has started it again after it had ended by itself. */
  restarts: number;
  /** Of its last end. */
  exitCode: number;
  /** Bytes of memory that it may use; 0 is no limit. */
  memoryLimit: number;
}

interface Inspected {
  Id?: unknown;
  Name?: unknown;
  Image?: unknown;
  Created?: unknown;
  RestartCount?: unknown;
  Config?: { Image?: unknown };
  State?: { Running?: unknown; Restarting?: unknown; ExitCode?: unknown; Health?: { Status?: unknown } };
  HostConfig?: { Memory?: unknown };
}

const HEALTHS: readonly unknown[] = ['healthy', 'unhealthy', 'starting'] satisfies ContainerHealth[];

/**
 * @param text of `docker container inspect`
 * @throws StepFailure for what is none
 */
export function parseContainers(text: string): ContainerFacts[] {
  const list = parsed(text);
  if (!Array.isArray(list)) throw nonsense('a container');
  return (list as (Inspected | null)[]).map(factsOf);
}

function factsOf(one: Inspected | null): ContainerFacts {
  const { Id, Name, Image, Created, RestartCount, Config, State, HostConfig } = one ?? {};
  const createdAt = new Date(String(Created));
  if (!isText(Id) || !isText(Name) || !isText(Image) || !isText(Config?.Image) || Number.isNaN(createdAt.getTime())) {
    throw nonsense('a container');
  }
  const status = State?.Health?.Status;
  return {
    id: Id,
    name: Name.replace(/^\//, ''),
    imageId: Image,
    image: Config.Image,
    running: State?.Running === true && State.Restarting !== true,
    health: HEALTHS.includes(status) ? (status as ContainerHealth) : null,
    createdAt,
    restarts: numberOf(RestartCount),
    exitCode: numberOf(State?.ExitCode),
    memoryLimit: numberOf(HostConfig?.Memory),
  };
}

export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function nonsense(what: string): StepFailure {
  return new StepFailure(`The container engine told of ${what} what makes no sense`, false);
}

export function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}
