import { randomBytes } from 'node:crypto';
import { totpOf } from '../../../support/authenticator';
import { registration, type SessionBody } from '../../../support/builders';
import { type Command, type DeploymentDocument, type DeploymentGround, DeploymentStage } from '../deployment-stage';
import { type Played, Player, type World } from './player';

const TICKETS = 6000;
const PASSWORD = 'une-theiere-bien-gardee';
const FAULT_MS = 120_000;

/** What is served to the world: containers and the routes to them. */
export interface Serving {
  /** Image ids of the containers that run, by service. */
  images: Record<string, string[]>;
  /** Their own ids. */
  containers: string[];
}

/** A production environment on its first version, with a contest that is open and somebody who plays. */
export class Production {
  /** Codes that were answered with a prize, by whatever came of the rest. */
  private readonly won = new Set<string>();

  private constructor(
    readonly stage: DeploymentStage,
    readonly world: World,
    private readonly person: SessionBody,
    private readonly codes: string[],
  ) {}

  static async open(
    ground: DeploymentGround,
    tag: string,
  ): Promise<{ production: Production; first: DeploymentDocument }> {
    const stage = await DeploymentStage.set(ground, 'prod');
    await stage.prepare();
    const first = await stage.deploy(tag);
    if (first.exitCode !== 0) throw new Error(`The first deployment failed: ${first.said}`);
    await stage.succeeding(['contests', 'create', '--preset', 'the-tip-top', '--tickets', String(TICKETS)]);
    const { stdout } = await stage.succeeding(['tickets', 'export', '--contest', 'the-tip-top']);
    const codes = stdout.split('\n').flatMap((line) => /^"?([0-9A-Z]{10})\b/.exec(line)?.[1] ?? []);
    await stage.untilIdle();
    const world = await stage.world();
    const { status, body } = await world.ask('POST', '/v1/auth/register', { body: registration() });
    if (status !== 201) throw new Error(`The player was not let in: ${status} ${JSON.stringify(body)}`);
    return { production: new Production(stage, world, body as unknown as SessionBody, codes), first };
  }

  /** Lets somebody play, without a pause, while something else goes on. */
  async whilePlaying<T>(work: () => Promise<T>): Promise<{ value: T; played: Played }> {
    const player = new Player(this.world, this.person.accessToken, this.codes.splice(0, TICKETS / 12));
    try {
      const value = await work();
      return { value, played: await player.stop() };
    } finally {
      for (const code of (await player.stop()).won) this.won.add(code);
    }
  }

  /**
   * Plays that are lost or were made behind the player's back: codes that were answered with a prize and that the database
   * does not know as this person's, and those that it knows besides.
   */
  async differences(): Promise<string[]> {
    const rows = await this.stage.query<{ code: string }>('SELECT code FROM tickets WHERE player_id = $1', [
      this.person.user.id,
    ]);
    const { won } = this;
    const known = new Set(rows.map(({ code }) => code));
    return [...[...won].filter((code) => !known.has(code)), ...[...known].filter((code) => !won.has(code))];
  }

  async serving(): Promise<Serving> {
    const services = await Promise.all(
      ['api', 'ops', 'frontend', 'nginx', 'postgres'].map(async (service) => {
        const running = (await this.stage.containers(service)).filter(({ state }) => state === 'running');
        return [service, running] as const;
      }),
    );
    return {
      images: Object.fromEntries(services.map(([service, all]) => [service, all.map(({ image }) => image)])),
      containers: services.flatMap(([, all]) => all.map(({ id }) => id)).sort(),
    };
  }

  /** Starts a deployment whose steps are told as they go, and waits for one of them. */
  async deployUntil(tag: string, step: RegExp): Promise<Command> {
    const command = this.stage.start(['deploy', '--env', 'prod', '--tag', tag]);
    await this.says(command, step);
    return command;
  }

  async says(command: Command, words: RegExp): Promise<void> {
    const deadline = Date.now() + FAULT_MS;
    while (!words.test(command.said())) {
      const { exitCode, signalCode } = command.child;
      if (exitCode !== null || signalCode !== null || Date.now() > deadline) {
        throw new Error(`The deployment did not say ${String(words)}: ${command.said()}`);
      }
      await new Promise((settle) => setTimeout(settle, 20));
    }
  }

  /** The last rows, the newest first. */
  async rows(
    count: number,
  ): Promise<{ status: string; step: string | null; reason: string | null; warnings: string[] }[]> {
    return this.stage.query(
      'SELECT status, step, reason, warnings, kind, tag FROM deployments ORDER BY started_at DESC LIMIT $1',
      [count],
    );
  }

  /** An administrator who has set up a second factor, as production wants it. @returns an access token */
  async administrator(): Promise<string> {
    const email = `admin.${randomBytes(4).toString('hex')}@example.fr`;
    const names = ['--first-name', 'Alix', '--last-name', 'Bernard'];
    await this.stage.succeeding(
      ['users', 'create', '--email', email, '--role', 'admin', ...names, '--password-stdin'],
      `${PASSWORD}\n`,
    );
    const signedIn = await this.world.ask('POST', '/v1/auth/login', { body: { email, password: PASSWORD } });
    const token = String(signedIn.body['accessToken']);
    const begun = await this.world.ask('POST', '/v1/users/me/second-factor', {
      body: { currentPassword: PASSWORD },
      token,
    });
    const code = totpOf(String(begun.body['secret']), new Date());
    const done = await this.world.ask('POST', '/v1/users/me/second-factor/confirm', { body: { code }, token });
    if (done.status !== 200)
      throw new Error(`The second factor was refused: ${JSON.stringify([signedIn, begun, done])}`);
    return token;
  }
}
