import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DIAGRAMS } from './jenkins/diagrams';
import { type Event, runPipeline, SECRETS, traceOf } from './jenkins/pipeline-run';
import { type ScenarioName, SCENARIOS } from './jenkins/scenarios';

const FIRST_TOUCH = /^(Pre-deployment backup|Build|Push|Deploy|Health check):/;
const NAMES = Object.keys(SCENARIOS) as ScenarioName[];

describe('The Jenkinsfile, run without Jenkins', () => {
  let runs: Map<string, Event[]>;
  beforeAll(async () => {
    runs = await runPipeline(SCENARIOS);
  }, 240_000);

  const events = (name: ScenarioName): Event[] => runs.get(name) ?? [];
  const trace = (name: ScenarioName): string[] => traceOf(events(name));
  const result = (name: ScenarioName): string | undefined => trace(name).at(-1);
  const commands = (name: ScenarioName): string[][] =>
    events(name).flatMap((event) => (event.commands ?? []).map(({ argv }) => argv));
  const deliveries = (name: ScenarioName): string[] => trace(name).filter((line) => FIRST_TOUCH.test(line));

  describe.each(Object.entries(DIAGRAMS))('goes as diagram %s', (_, boxes) => {
    it.each([...new Set(boxes.map(([, scenario]) => scenario))])('box by box: %s', (scenario) => {
      const lines = trace(scenario);
      let at = 0;
      for (const [box, , line] of boxes.filter(([, of]) => of === scenario)) {
        const found = lines.findIndex((text, index) => index >= at && line.test(text));
        // The whole trace is shown where a box is missing or comes too early.
        if (found < 0)
          throw new Error(`Nothing stands for "${box}" after "${lines[at] ?? ''}" in\n${lines.join('\n')}`);
        at = found;
      }
    });
  });

  it('takes these stages, in this order, and no others', () => {
    const stages = (name: ScenarioName): string[] => trace(name).filter((line) => line.startsWith('['));
    const ends = ['[Build]', '[Push]', '[Deploy]', '[Health check]'];
    const begins = ['[Environment]', '[Checkout]', '[Install]'];
    const strict = ['[Quality, strict / Lint]', '[Quality, strict / Tests]'];
    const dev = [...begins, '[Quality, tolerant / Lint]', '[Quality, tolerant / Tests]', ...ends];
    const preprod = [...begins, ...strict, '[SonarQube]', ...ends];
    const unasked = [...begins, ...strict, '[Quality, strict / SonarQube beside]', '[Pre-deployment backup]', ...ends];
    expect(stages('dev')).toEqual(dev);
    expect(stages('dev, whatever was chosen')).toEqual(dev);
    expect(stages('another, usual')).toEqual(dev);
    expect(stages('preprod')).toEqual(preprod);
    expect(stages('another, to preprod')).toEqual(preprod);
    expect(stages('prod, automatic')).toEqual(unasked);
    expect(stages('prod')).toEqual(['[Approval]', ...unasked]);
    expect(stages('another, to prod')).toEqual(['[Approval]', ...unasked]);
  });

  it('prod, the first time: there is no snapshot to deploy with, and none is asked for', () => {
    expect(result('prod, the first time')).toBe('end SUCCESS');
    expect(trace('prod, the first time')).toContain(
      'Deploy: npm run -s tiptop -- deploy --env prod --tag prod-latest --json',
    );
  });

  it.each<[ScenarioName, string]>([
    ['dev, lint red', 'UNSTABLE'],
    ['dev, tests red', 'UNSTABLE'],
    ['preprod, gate red', 'UNSTABLE'],
    ['prod, gate red', 'UNSTABLE'],
    ['prod, snapshot degraded', 'UNSTABLE'],
  ])('%s: warns, goes on to the end, and says so', (name, verdict) => {
    expect(result(name)).toBe(`end ${verdict}`);
    expect(trace(name)).toContain('post unstable: mail');
    expect(trace(name).some((line) => line.startsWith('Deploy: npm run -s tiptop -- deploy'))).toBe(true);
  });

  it.each<[ScenarioName, string]>([
    ['preprod, lint red', 'FAILURE'],
    ['preprod, tests red', 'FAILURE'],
    ['preprod, gate aborted', 'ABORTED'],
    ['prod, lint red', 'FAILURE'],
    ['prod, tests red', 'FAILURE'],
    ['prod, refused', 'ABORTED'],
    ['prod, unanswered', 'ABORTED'],
    ['dev, lint aborted', 'ABORTED'],
    ['dev, tests hang', 'ABORTED'],
  ])('%s: nothing is backed up, built or deployed', (name, verdict) => {
    expect(result(name)).toBe(`end ${verdict}`);
    expect(deliveries(name)).toEqual([]);
    expect(trace(name)).toContain(`post ${verdict === 'ABORTED' ? 'aborted' : 'failure'}: mail`);
  });

  it.each<[ScenarioName, string, string]>([
    ['prod, snapshot fails', 'Pre-deployment backup', 'FAILURE'],
    ['dev, build fails', 'Build', 'FAILURE'],
    ['dev, push fails', 'Push', 'FAILURE'],
    ['prod, push hangs', 'Push', 'ABORTED'],
    ['dev, deploy fails', 'Deploy', 'FAILURE'],
    ['preprod, deploy fails', 'Deploy', 'FAILURE'],
    ['prod, deploy fails', 'Deploy', 'FAILURE'],
    ['prod, deploy misused', 'Deploy', 'FAILURE'],
    ['preprod, unhealthy', 'Health check', 'FAILURE'],
  ])('%s: the build ends there', (name, stage, verdict) => {
    expect(trace(name)).toContain(`${stage}: stopped: ${verdict}`);
    expect(deliveries(name).at(-1)).toBe(`${stage}: stopped: ${verdict}`);
    expect(result(name)).toBe(`end ${verdict}`);
  });

  it('rolls back what got sick after a good deployment, in prod and nowhere else', () => {
    const rollbacks = NAMES.filter((name) => trace(name).some((line) => line.includes('tiptop -- rollback')));
    expect(rollbacks).toEqual(['prod, unhealthy']);
  });

  it('asks for approval of prod alone, of people named for it, while no agent is held', () => {
    const asked = NAMES.filter((name) => trace(name).includes('Approval: input'));
    const prod = NAMES.filter((name) => /^prod|to prod$/.test(name) && name !== 'prod, automatic');
    expect(asked).toEqual(prod);
    expect(events('prod').find(({ name }) => name === 'input')).toMatchObject({
      agents: 0,
      submitter: 'the-tip-top-release',
    });
  });

  it('tells tiptop who deploys and where', () => {
    const seen = (name: ScenarioName): Record<string, string> | undefined =>
      events(name)
        .flatMap((event) => event.commands ?? [])
        .find(({ argv }) => argv.includes('deploy'))?.seen;
    expect(seen('prod')).toMatchObject({ DEPLOY_BY: 'camille', DEPLOY_PATH: '/srv/devops/the-tip-top/prod' });
    expect(seen('dev')).toMatchObject({ DEPLOY_BY: 'jenkins-the-tip-top-dev-7' });
    expect(seen('prod')?.['settings']).toContain('PUBLIC_URL=https://api.prod.example\n');
    expect(seen('prod')).not.toHaveProperty('JENKINS_HOME');
  });

  it('builds on a base that is pinned by its digest, and labels what it builds', () => {
    const build = commands('prod').find(([program, command]) => program === 'docker' && command === 'build') ?? [];
    for (const argument of [
      'BASE_IMAGE=node@sha256:0f1e',
      'REVISION=4f2a9c1',
      'CREATED=2026-11-23T08:00:00+01:00',
      'SOURCE_DATE_EPOCH=1795417200',
      'apps/api/Dockerfile',
    ]) {
      expect(build).toContain(argument);
    }
    expect(build.filter((argument) => argument.includes('NEXT_PUBLIC_'))).toEqual([
      '--build-arg=NEXT_PUBLIC_API_URL=https://api.prod.example/v1',
      '--build-arg=NEXT_PUBLIC_TITLE=Thé Tip Top, le jeu',
    ]);
    expect(build.join(' ')).not.toContain(SECRETS.database);
    expect(commands('dev').flat().join(' ')).not.toContain('NEXT_PUBLIC_');
  });

  it('names what it pushes: dev-latest and latest; the commit and the environment; in prod the version as well', async () => {
    const pushed = (name: ScenarioName): string[] =>
      commands(name).flatMap(([program, command, image = '']) =>
        program === 'docker' && command === 'push' ? [image.replace('registry.example:5000/', '')] : [],
      );
    const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };
    expect(pushed('dev')).toEqual(['backend:dev-latest', 'backend:latest']);
    expect(pushed('preprod')).toEqual(['backend:preprod-4f2a9c1', 'backend:preprod-latest']);
    expect(pushed('prod')).toEqual(['backend:prod-4f2a9c1', 'backend:prod-latest', `backend:${version}`]);
    expect(pushed('prod, tagged').at(-1)).toBe('backend:2.3.4');
  });

  it('lets nobody see a secret before it is needed, and no log or command line at all', () => {
    for (const name of NAMES) {
      for (const { stage, log = '', commands: called = [] } of events(name)) {
        expect(log).not.toContain(SECRETS.password);
        expect(log).not.toContain(SECRETS.database);
        for (const { argv, seen } of called) {
          expect(argv.join(' ')).not.toContain(SECRETS.password);
          if (!stage.includes('Delivery')) expect(Object.keys(seen)).not.toContain('ENV_FILE');
          if (!stage.includes('Delivery')) expect(Object.keys(seen)).not.toContain('REGISTRY_LOGIN_PSW');
        }
      }
    }
    const login = events('prod')
      .flatMap((event) => event.commands ?? [])
      .find(({ argv }) => argv[1] === 'login');
    expect(login?.seen).toMatchObject({ stdin: SECRETS.password });
    expect(login?.seen['DOCKER_CONFIG']).toMatch(/workspace@tmp\/docker$/);
  });

  it('removes the login of the registry however the delivery ends', () => {
    for (const name of NAMES.filter((each) => deliveries(each).length > 0)) {
      const last = events(name).filter(({ event, stage }) => event === 'sh' && stage.includes('Delivery'));
      expect(last.at(-1)).toMatchObject({
        stage: 'Pipeline / Delivery / post always',
        script: 'rm -rf "$DOCKER_CONFIG"',
      });
    }
  });

  it('limits the time of every stage', () => {
    for (const name of NAMES) {
      // One limit is the pipeline's, the other the stage's own.
      for (const stage of events(name).filter(({ leaf }) => leaf))
        expect([stage.stage, stage.timeouts]).toEqual([stage.stage, 2]);
    }
  });

  it('archives reports and tells people and the webhook, once, however it ends', () => {
    for (const name of NAMES) {
      const told = events(name).filter(
        ({ event, name: step }) => event === 'step' && (step === 'mail' || step === 'httpRequest'),
      );
      if (name === 'prod, nobody can be told') continue;
      expect(told.map(({ name: step }) => step)).toEqual(['mail', 'httpRequest']);
      expect(told[0]).toMatchObject({
        to: 'ops@example.fr',
        subject: expect.stringContaining(SCENARIOS[name].branch) as string,
      });
      expect(told[1]?.url).toBe(SECRETS.webhook);
      expect((JSON.parse(told[1]?.body ?? '') as { text: string }).text).toContain(
        'https://jenkins.example/job/the-tip-top/7/',
      );
    }
    const archived = events('prod, unhealthy').find(({ name }) => name === 'archiveArtifacts');
    expect(archived?.files).toEqual(['reports/deploy.json', 'reports/rollback.json', 'reports/snapshot.json']);
    expect(result('prod, nobody can be told')).toBe('end FAILURE');
    expect(trace('prod, nobody can be told').filter((line) => line.includes('warning: The'))).toEqual([
      'post failure: warning: The mail was not sent',
      'post failure: warning: The webhook was not called',
    ]);
  });

  it('never runs two builds of a branch at a time', () => {
    expect(events('dev')[0]?.options).toContain('disableConcurrentBuilds');
  });

  it('calls npm scripts that there are', async () => {
    const { scripts } = JSON.parse(await readFile('package.json', 'utf8')) as { scripts: Record<string, string> };
    const called = NAMES.flatMap((name) => commands(name)).flatMap(([program, ...args]) => {
      if (program !== 'npm' || args[0] === 'ci') return [];
      return args[0] === 'run'
        ? [args.find((argument) => argument !== 'run' && !argument.startsWith('-')) ?? '']
        : [args[0] ?? ''];
    });
    expect([...new Set(called)].sort()).toEqual(['lint', 'test', 'tiptop']);
    expect(Object.keys(scripts)).toEqual(expect.arrayContaining(['lint', 'test', 'tiptop']));
    // The report of the tests is an argument of the last command of the script.
    expect(scripts['test']).toMatch(/jest\.js [^&]*$/);
  });
});

describe('The stand-in for Jenkins', () => {
  it.each<[string, string | RegExp, string, RegExp]>([
    [
      'a misspelt option of a stage',
      "timeout(time: 4, unit: 'HOURS')",
      "timeouts(time: 4, unit: 'HOURS')",
      /unknown option/,
    ],
    ['a misspelt argument', "unit: 'HOURS')", "units: 'HOURS')", /has no units/],
    ['a misspelt section', 'steps {', 'step {', /unknown section of stage Approval: step/],
    [
      'an option that no stage has',
      'options {\n        timeout',
      'options {\n        disableConcurrentBuilds()\n        timeout',
      /option of stage/,
    ],
    ['an unknown step where no scenario comes by', "error('The service", "fail('The service", /unknown step fail/],
    ['an unknown argument of a step', 'returnStatus: true', 'returnsStatus: true', /has no returnsStatus/],
    ['code outside of script', 'checkout scm', 'if (true) { checkout scm }', /expected a step/],
    ['a value that environment does not take', '"${WORKSPACE_TMP}/reports"', 'env.X ? "a" : "b"', /environment takes/],
    ['two stages of a name', "stage('Install')", "stage('Checkout')", /two stages are called Checkout/],
    ['parallel on an agent', 'parallel {', "agent { label 'x' }\n          parallel {", /parallel is not allowed/],
    [
      'an unknown condition',
      "environment name: 'DEPLOY_ENV', value: 'dev'",
      "environments name: 'a', value: 'b'",
      /unknown condition/,
    ],
    ['an unknown outcome', 'aborted {', 'cancelled {', /unknown section of post: cancelled/],
    ['an unknown trigger', 'pollSCM(', 'pollScm(', /unknown trigger/],
    ['a syntax error', 'stages {', 'stages {{', /Jenkinsfile: \d+/],
  ])('refuses %s', async (_, part, replacement, fault) => {
    const folder = await mkdtemp(join(tmpdir(), 'tiptop-jenkinsfile-'));
    try {
      const jenkinsfile = join(folder, 'Jenkinsfile');
      const text = await readFile('Jenkinsfile', 'utf8');
      expect(text).toContain(part);
      await writeFile(
        jenkinsfile,
        text.replace(part, () => replacement),
      );
      const runs = await runPipeline({ spoilt: { branch: 'dev', jenkinsfile } });
      const [event] = runs.get('spoilt') ?? [];
      expect(event).toMatchObject({ event: 'refused' });
      expect(event?.faults?.join('\n')).toMatch(fault);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe('sonar-project.properties', () => {
  it('names folders that there are, and no server', async () => {
    const lines = (await readFile('sonar-project.properties', 'utf8')).split('\n').filter((line) => /^[^#]/.test(line));
    const properties = Object.fromEntries(lines.map((line) => line.split('=', 2) as [string, string]));
    const paths = ['sonar.sources', 'sonar.tests', 'sonar.typescript.tsconfigPaths'].flatMap((name) =>
      (properties[name] ?? '').split(','),
    );
    expect(paths).toHaveLength(7);
    for (const path of paths) expect([path, existsSync(path)]).toEqual([path, true]);
    expect(Object.keys(properties).filter((name) => /host|token|login|password/.test(name))).toEqual([]);
  });
});
