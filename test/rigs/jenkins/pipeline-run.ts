import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, copyFile, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

const HERE = 'test/rigs/jenkins';
const PROGRAMS = ['npm', 'docker', 'git', 'curl', 'sonar-scanner'];

export interface Rule {
  /** Of the line that a program is called by. */
  match: string;
  /** Its exit code, 0 if left out; or that it hangs until a timeout, or that somebody aborts the build meanwhile. */
  code?: number | 'hang' | 'abort';
  out?: string;
}

export interface Scenario {
  branch: string;
  parameters?: Record<string, string | boolean>;
  approval?: 'granted' | 'refused' | 'unanswered';
  rules?: Rule[];
  /** Steps that fail when they are taken. */
  broken?: string[];
  /** Another file than the project's own. */
  jenkinsfile?: string;
}

export interface Command {
  argv: string[];
  /** Variables and files that the program found. */
  seen: Record<string, string>;
}

export interface Event {
  scenario: string;
  event: 'pipeline' | 'stage' | 'skipped' | 'step' | 'sh' | 'assigned' | 'warning' | 'stopped' | 'end' | 'refused';
  stage: string;
  name?: string;
  value?: string;
  why?: string;
  message?: string;
  result?: string;
  leaf?: boolean;
  timeouts?: number;
  agents?: number;
  triggers?: Record<string, string>;
  options?: string[];
  script?: string;
  log?: string;
  commands?: Command[];
  files?: string[];
  to?: string;
  subject?: string;
  body?: string;
  url?: string;
  faults?: string[];
}

export const SECRETS = {
  password: 'password-of-the-registry',
  database: 'postgres://of-the-environment',
  webhook: 'https://hooks.example/secret-of-the-webhook',
};
const REGISTRY = 'registry.example:5000';

function environmentFile(name: string): object {
  const lines = [
    `PUBLIC_URL=https://api.${name}.example`,
    `DATABASE_URL=${SECRETS.database}`,
    `NEXT_PUBLIC_API_URL=https://api.${name}.example/v1`,
    'NEXT_PUBLIC_TITLE=Thé Tip Top, le jeu',
  ];
  return { kind: 'file', text: `${lines.join('\n')}\n` };
}

const CREDENTIALS = {
  'the-tip-top-env-dev': environmentFile('dev'),
  'the-tip-top-env-preprod': environmentFile('preprod'),
  'the-tip-top-env-prod': environmentFile('prod'),
  'the-tip-top-registry-address': { kind: 'string', value: REGISTRY },
  'the-tip-top-registry-login': { kind: 'login', user: 'jenkins', password: SECRETS.password },
  'the-tip-top-alert-emails': { kind: 'string', value: 'ops@example.fr' },
  'the-tip-top-alert-webhook': { kind: 'string', value: SECRETS.webhook },
};

/** As `tiptop deploy snapshot --json` tells of it. */
export const SNAPSHOT_TAKEN = { match: 'tiptop -- deploy snapshot', out: '{"tag":"backup-20261123-020000"}' } as const;

/** How the programs answer where a scenario does not say otherwise. */
const RULES: Rule[] = [
  { match: '^git rev-parse HEAD', out: '4f2a9c1' },
  { match: '^git log .*%cI', out: '2026-11-23T08:00:00+01:00' },
  { match: '^git log .*%ct', out: '1795417200' },
  { match: '^git describe', code: 128 },
  { match: '^docker image inspect', out: 'node@sha256:0f1e' },
  { match: '^curl ', out: '200' },
  SNAPSHOT_TAKEN,
  { match: '^npm run -s tiptop', out: '{}' },
];

/** Takes the Jenkinsfile through the scenarios, and tells what each of them did, in order. */
export async function runPipeline(scenarios: Record<string, Scenario>): Promise<Map<string, Event[]>> {
  const folder = await mkdtemp(join(tmpdir(), 'tiptop-jenkins-'));
  try {
    const bin = join(folder, 'bin');
    await mkdir(bin);
    await copyFile(join(HERE, 'recorder.sh'), join(bin, 'recorder'));
    await chmod(join(bin, 'recorder'), 0o755);
    for (const program of PROGRAMS) await symlink('recorder', join(bin, program));
    await symlink(process.execPath, join(bin, 'node'));
    const input = {
      bin,
      folder,
      credentials: CREDENTIALS,
      rules: RULES,
      scenarios: Object.entries(scenarios).map(([name, scenario]) => ({
        name,
        jenkinsfile: 'Jenkinsfile',
        parameters: {},
        approval: 'granted',
        rules: [],
        broken: [],
        ...scenario,
      })),
    };
    const groovy = spawn('groovy', ['-cp', HERE, join(HERE, 'run.groovy')], {
      env: { ...process.env, JAVA_OPTS: '-Dfile.encoding=UTF-8 -Dstdout.encoding=UTF-8' },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    groovy.stdin.end(JSON.stringify(input));
    const [stdout, stderr, [code]] = await Promise.all([
      text(groovy.stdout),
      text(groovy.stderr),
      once(groovy, 'close') as Promise<[number | null]>,
    ]);
    if (code !== 0)
      throw new Error(`groovy ended with ${String(code)}: ${stderr.slice(0, 2000)}\n${stdout.slice(-500)}`);
    const events = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Event);
    return new Map(Object.keys(scenarios).map((name) => [name, events.filter(({ scenario }) => scenario === name)]));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The events as lines to compare with: `stage: what happened`. */
export function traceOf(events: readonly Event[]): string[] {
  return events.flatMap((event) => {
    const at = event.stage.replace(/^Pipeline \/ (Delivery \/ )?/, '');
    switch (event.event) {
      case 'pipeline':
        return [`started; ${JSON.stringify(event.triggers)}`];
      case 'stage':
        return event.leaf === true ? [`[${at}]`] : [];
      case 'assigned':
        return [`${at}: ${event.name ?? ''}=${event.value ?? ''}`];
      case 'step':
        return [`${at}: ${event.name ?? ''}`];
      case 'sh':
        return (event.commands ?? []).map(({ argv }) => `${at}: ${argv.join(' ')}`);
      case 'warning':
        return [`${at}: warning: ${event.message ?? ''}`];
      case 'stopped':
        return [`${at}: stopped: ${event.result ?? ''}`];
      case 'end':
        return [`end ${event.result ?? ''}`];
      case 'skipped':
      case 'refused':
        return [];
    }
  });
}
