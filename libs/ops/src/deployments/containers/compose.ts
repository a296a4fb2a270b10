import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { StepFailure } from '../../backups/backup-source';
import type { Underway } from '../deployment-watch';
import { type ComposeProject, composeProject } from './compose-project';
import { EngineProgram, type ProgramCall } from './engine-program';

export interface UpOptions {
  services: readonly string[];
  /** How many containers a service shall have; as many as the files say where it is not named. */
  scale?: Readonly<Record<string, number>>;
  /** Which containers are replaced: all, none, or those that are not any more as the files say. */
  recreate: 'force' | 'never' | 'changed';
}

const RECREATE = { force: ['--force-recreate'], never: ['--no-recreate'], changed: [] } as const;

/** The command that compose is: the plugin of `docker`, or the program before it. */
type Spelling = Pick<ProgramCall, 'program'> & { first: readonly string[] };

const SPELLINGS: readonly Spelling[] = [
  { program: 'docker', first: ['compose'] },
  { program: 'docker-compose', first: [] },
];
/** A container that is replaced may take its grace to end. */
const GRACE_SECONDS = 60;
/** A migration tells nothing while it works. */
const COMMAND_SECONDS = 3600;

/** Compose, run in an environment's folder as an operator would run it there. */
@Injectable()
export class Compose {
  private spelling: Spelling | undefined;

  constructor(private readonly program: EngineProgram) {}

  /** @throws StepFailure where compose does not understand the folder's files */
  async check(folder: string, u: Underway): Promise<void> {
    await this.compose(folder, ['config', '--quiet'], 'reading the compose files', 0, u);
  }

  /** @throws StepFailure, which may pass where the registry is down */
  async pull(folder: string, services: readonly string[], u: Underway): Promise<void> {
    const what = `pulling the images of ${services.join(', ')}`;
    u.progress(what);
    await this.compose(folder, ['pull', '--quiet', ...services], what, 0, u);
  }

  /** Starts services, and none that they depend on. Returns when the containers run, not when they are healthy. */
  async up(folder: string, { services, scale = {}, recreate }: UpOptions, u: Underway): Promise<void> {
    const scales = Object.entries(scale).flatMap(([service, n]) => ['--scale', `${service}=${n}`]);
    const options = ['--detach', '--no-deps', '--no-build', '--quiet-pull', ...RECREATE[recreate], ...scales];
    const what = `starting ${services.join(', ')}`;
    u.progress(what);
    const quietSeconds = GRACE_SECONDS * services.length;
    await this.compose(folder, ['up', ...options, ...services], what, quietSeconds, u);
  }

  /** Runs a command in a new container of a service, which goes with it. @returns what it prints. @throws StepFailure */
  async run(folder: string, service: string, args: readonly string[], u: Underway): Promise<string> {
    const options = ['--rm', '--no-deps', '-T'];
    return this.compose(folder, ['run', ...options, service, ...args], args.join(' '), COMMAND_SECONDS, u);
  }

  private async compose(
    ...[folder, args, doing, quietSeconds, u]: [string, readonly string[], string, number, Underway]
  ): Promise<string> {
    const project = await composeProject(folder);
    const { program, first } = await this.find(u);
    return this.program.text({ program, args: [...first, ...placeOf(project), ...args], doing, quietSeconds }, u);
  }

  private async find(u: Underway): Promise<Spelling> {
    for (const spelling of this.spelling ? [] : SPELLINGS) {
      const { program, first } = spelling;
      const call: ProgramCall = { program, args: [...first, 'version', '--short'], doing: 'looking for compose' };
      if (await this.program.works(call, u)) {
        this.spelling = spelling;
        break;
      }
    }
    if (!this.spelling) throw new StepFailure('Neither “docker compose” nor “docker-compose” is installed', false);
    return this.spelling;
  }
}

/** Named in full: it is not started in the folder. */
function placeOf({ folder, name, files }: ComposeProject): string[] {
  const named = files.flatMap((file) => ['--file', join(folder, file)]);
  return ['--project-directory', folder, '--project-name', name, ...named];
}
