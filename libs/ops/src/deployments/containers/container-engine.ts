import { Injectable } from '@nestjs/common';
import { StepFailure } from '../../backups/backup-source';
import type { Underway } from '../deployment-watch';
import { type ContainerFacts, isText, nonsense, parseContainers } from './container-facts';
import { EngineProgram } from './engine-program';
import { lastWords } from './engine-words';
import { parseImage, type PinnedImageFacts } from './image-facts';

export type { ContainerFacts } from './container-facts';
export { digestIn, pinnedImage, type PinnedImageFacts } from './image-facts';

/** A service of a project, as compose labels its containers. */
export interface ServiceName {
  project: string;
  service: string;
}

/** A process in a container. */
export interface ContainerProcess {
  /** As the machine counts. */
  pid: number;
  /** Its command line, or the title that it has given itself. */
  title: string;
}

const DIGEST = /\bdigest: (sha256:[0-9a-f]{64})\b/i;
/** It has gone meanwhile: whoever wanted that has it, whoever looked for it looks again. */
const GONE = /no such (container|object)|removal of container .* is already in progress/i;
const ATTEMPTS = 3;

/** The container engine, by its own command line, which knows the logins at registries. */
@Injectable()
export class ContainerEngine {
  constructor(private readonly program: EngineProgram) {}

  /** @returns undefined where the engine has no such image. @throws StepFailure */
  async image(reference: string, u: Underway): Promise<PinnedImageFacts | undefined> {
    try {
      return parseImage(await this.docker(['image', 'inspect', reference], `looking at ${reference}`, u));
    } catch (error) {
      if (saysOf(error, /no such (image|object)/i)) return undefined;
      throw error;
    }
  }

  /**
   * Gets an image from its registry.
   * @returns its digest there
   * @throws StepFailure, which may pass where the registry is down
   */
  async pull(reference: string, u: Underway): Promise<string> {
    u.progress(`pulling ${reference}`);
    return digestOf(await this.docker(['pull', reference], `pulling ${reference}`, u), reference);
  }

  /**
   * Gives an image to the registry that its name begins with.
   * @returns its digest there
   * @throws StepFailure, which may pass where the registry is down
   */
  async push(reference: string, u: Underway): Promise<string> {
    u.progress(`pushing ${reference}`);
    return digestOf(await this.docker(['push', reference], `pushing ${reference}`, u), reference);
  }

  /** @throws StepFailure */
  async tag(source: string, target: string, u: Underway): Promise<void> {
    await this.docker(['tag', source, target], `naming ${source} ${target}`, u);
  }

  /** Takes a name from an image; without any it goes, unless a container uses it. None of that name is no fault. */
  async untag(reference: string, u: Underway): Promise<void> {
    try {
      await this.docker(['image', 'rm', '--no-prune', reference], `taking the name ${reference} away`, u);
    } catch (error) {
      if (!saysOf(error, /no such image/i)) throw error;
    }
  }

  /** Those of a service, running or not, but none that a single command was run in. @throws StepFailure */
  async containers(of: ServiceName, u: Underway): Promise<ContainerFacts[]> {
    return this.labelled(of, 'False', u);
  }

  /** Those that a single command is, or was, run in. @throws StepFailure */
  async commands(of: ServiceName, u: Underway): Promise<ContainerFacts[]> {
    return this.labelled(of, 'True', u);
  }

  /** @returns undefined where there is none. @throws StepFailure */
  async container(id: string, u: Underway): Promise<ContainerFacts | undefined> {
    try {
      const [facts] = parseContainers(await this.docker(['container', 'inspect', id], 'looking at a container', u));
      return facts;
    } catch (error) {
      if (saysOf(error, GONE)) return undefined;
      throw error;
    }
  }

  /** Asks it to end, and ends it after its grace. One that has gone is no fault. @throws StepFailure */
  async stop(id: string, graceSeconds: number, u: Underway): Promise<void> {
    const args = ['stop', '-t', String(graceSeconds), id];
    const call = { program: 'docker', args, doing: 'stopping a container', quietSeconds: graceSeconds } as const;
    await this.unlessGone(this.program.text(call, u));
  }

  /** At once, running or not, with the volumes that nobody has named. One that has gone is no fault. @throws StepFailure */
  async remove(id: string, u: Underway): Promise<void> {
    await this.unlessGone(this.docker(['rm', '--force', '--volumes', id], 'removing a container', u));
  }

  /** @throws StepFailure */
  async start(id: string, u: Underway): Promise<void> {
    await this.docker(['start', id], 'starting a container', u);
  }

  /** Its last lines, secrets taken out, in one. @throws StepFailure */
  async logs(id: string, lines: number, u: Underway): Promise<string> {
    const args = ['logs', '--tail', String(lines), id];
    const { out, err } = await this.program.ends({ program: 'docker', args, doing: 'reading a container’s log' }, u);
    return lastWords(`${out}\n${err}`, this.program.hidden, lines);
  }

  /** Runs a program in a container. @returns what it prints. @throws StepFailure with its last words */
  async exec(id: string, args: readonly string[], u: Underway): Promise<string> {
    return this.docker(['exec', id, ...args], args.join(' '), u);
  }

  /** What runs in a container. @throws StepFailure */
  async processes(id: string, u: Underway): Promise<ContainerProcess[]> {
    const text = await this.docker(['top', id, '-eo', 'pid,args'], 'looking at a container’s processes', u);
    return text.split('\n').flatMap((line) => {
      const [, pid, title] = /^\s*(\d+)\s+(.*)$/.exec(line) ?? [];
      return title === undefined ? [] : { pid: Number(pid), title };
    });
  }

  /** Bytes of memory of the machine that the engine runs on. @throws StepFailure */
  async memory(u: Underway): Promise<number> {
    const text = await this.docker(['info', '--format', '{{.MemTotal}}'], 'asking the engine for its memory', u);
    const bytes = Number(text);
    if (!(bytes > 0)) throw nonsense('its memory');
    return bytes;
  }

  private async labelled({ project, service }: ServiceName, oneOff: string, u: Underway): Promise<ContainerFacts[]> {
    const labels = { project, service, oneoff: oneOff };
    const filters = Object.entries(labels).flatMap(([key, value]) => [
      '--filter',
      `label=com.docker.compose.${key}=${value}`,
    ]);
    const doing = `looking for the containers of ${service}`;
    for (let attempt = 1; ; attempt++) {
      const ids = (await this.docker(['ps', '--all', '--quiet', '--no-trunc', ...filters], doing, u)).split('\n');
      const known = ids.filter(isText);
      if (known.length === 0) return [];
      try {
        const all = parseContainers(await this.docker(['container', 'inspect', ...known], doing, u));
        return all.sort((a, b) => a.createdAt.getTime() - b.createdAt.getTime());
      } catch (error) {
        // One of them went between the two questions.
        if (attempt === ATTEMPTS || !saysOf(error, GONE)) throw error;
      }
    }
  }

  private async unlessGone(work: Promise<unknown>): Promise<void> {
    try {
      await work;
    } catch (error) {
      if (!saysOf(error, GONE)) throw error;
    }
  }

  private async docker(args: readonly string[], doing: string, u: Underway): Promise<string> {
    return this.program.text({ program: 'docker', args, doing }, u);
  }
}

function digestOf(said: string, reference: string): string {
  const [, digest] = DIGEST.exec(said) ?? [];
  if (digest === undefined) throw nonsense(`the digest of ${reference}`);
  return digest;
}

function saysOf(error: unknown, pattern: RegExp): boolean {
  return error instanceof StepFailure && pattern.test(error.message);
}
