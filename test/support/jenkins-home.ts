import { createCipheriv, createHash, randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { ZipFile } from 'yazl';
import { plant } from './file-tree';

/** A key as Jenkins' DefaultConfidentialStore writes it. */
export function encryptedKey(masterKey: string): Buffer {
  const key = createHash('sha256').update(masterKey.trim()).digest().subarray(0, 16);
  const cipher = createCipheriv('aes-128-ecb', key, null);
  return Buffer.concat([cipher.update(randomBytes(256)), cipher.update('::::MAGIC::::'), cipher.final()]);
}

/** An archive of a plugin, with its libraries before and after the manifest. */
export async function pluginArchive(manifest: string): Promise<Buffer> {
  const zip = new ZipFile();
  zip.addBuffer(randomBytes(20_000), 'WEB-INF/lib/first.jar');
  zip.addBuffer(Buffer.from(manifest), 'META-INF/MANIFEST.MF');
  zip.addBuffer(randomBytes(20_000), 'WEB-INF/lib/last.jar');
  zip.end();
  return buffer(zip.outputStream);
}

/** As Maven writes it: lines of at most 72 bytes, continued by a blank. */
export function manifestOf(name: string, version: string): string {
  const long = 'Long-Name: A plugin whose long name goes on past the seventy-second byte';
  return [
    'Manifest-Version: 1.0',
    long,
    '  of its line, as they do',
    `Short-Name: ${name}`,
    `Plugin-Version: ${version.slice(0, 4)}`,
    ` ${version.slice(4)}`,
    'Jenkins-Version: 2.440.3',
    '',
    'Name: a/section/of/its/own',
    'Plugin-Version: 0-of-another-section',
    '',
  ].join('\r\n');
}

const job = (name: string): string => `<?xml version='1.1'?>\n<flow-definition><!-- ${name} --></flow-definition>\n`;

/** What this adds up to, for a test to compare with. */
export const JENKINS_JOBS = ['app', 'team', 'team/jobs/site', 'team/jobs/ops', 'team/jobs/ops/jobs/nightly', 'builds'];
export const JENKINS_PLUGINS = Array.from({ length: 30 }, (_, n) => ({
  name: `plugin-${String(n).padStart(2, '0')}`,
  version: `${n + 1}.${n}.v${'abcdef012345'.slice(0, (n % 12) + 1)}`,
}));

/** A Jenkins home laid out as Jenkins 2.440 does, with builds, workspaces, logs and caches that no backup needs. */
export async function plantJenkinsHome(home: string): Promise<void> {
  const masterKey = randomBytes(128).toString('hex');
  await plant(home, {
    'config.xml':
      "<?xml version='1.1'?>\n<hudson>\n  <version>2.440.3</version>\n  <useSecurity>true</useSecurity>\n</hudson>\n",
    'credentials.xml': '<com.cloudbees.plugins.credentials.SystemCredentialsProvider/>\n',
    'hudson.model.UpdateCenter.xml': '<sites/>\n',
    'jenkins.model.JenkinsLocationConfiguration.xml': '<location/>\n',
    'jenkins.install.UpgradeWizard.state': '2.440.3',
    'secret.key': randomBytes(32).toString('hex'),
    'secret.key.not-so-secret': '',
    'identity.key.enc': randomBytes(1680),
    'secrets/master.key': { mode: 0o600, text: masterKey },
    'secrets/hudson.util.Secret': encryptedKey(masterKey),
    'secrets/jenkins.model.Jenkins.crumbSalt': randomBytes(32),
    'users/users.xml': '<users/>\n',
    'users/admin_8371/config.xml': '<user/>\n',
    'nodes/agent-1/config.xml': '<slave/>\n',
    'userContent/readme.txt': 'Put files here\n',
    ...Object.fromEntries(JENKINS_JOBS.map((path) => [`jobs/${path}/config.xml`, job(path)])),
    'jobs/app/nextBuildNumber': '43\n',
    'jobs/app/builds/42/log': 'a log of a build',
    'jobs/app/builds/42/build.xml': '<build/>',
    'jobs/app/builds/lastSuccessfulBuild': { link: '42' },
    'jobs/app/builds/permalinks': 'lastSuccessfulBuild 42',
    'jobs/app/lastStable': { link: 'builds/lastStableBuild' },
    'jobs/app/workspace/config.xml': '<not-a-job/>',
    'jobs/team/jobs/site/builds/1/config.xml': '<not-a-job/>',
    'jobs/builds/builds/1/log': 'another log',
    'workspace/app/node_modules/x/index.js': 'x',
    'logs/tasks/Fingerprint cleanup.log': 'x',
    'caches/git-1/HEAD': 'x',
    'war/META-INF/MANIFEST.MF': 'Jenkins-Version: 2.440.3\r\n',
    'updates/default.json': '{}',
    'jenkins.war': randomBytes(5000),
    'plugins/plugin-07.jpi.disabled': '',
    'plugins/plugin-08.jpi.pinned': '',
    'plugins/plugin-09.bak': 'an older archive',
  });
  for (const [n, { name, version }] of JENKINS_PLUGINS.entries()) {
    const manifest = manifestOf(name, version);
    // One that runs from its folder alone; some are older files, .hpi.
    if (n !== 29) {
      await writeFile(join(home, 'plugins', `${name}.${n % 10 === 3 ? 'hpi' : 'jpi'}`), await pluginArchive(manifest));
    }
    await mkdir(join(home, 'plugins', name, 'META-INF'), { recursive: true });
    await writeFile(join(home, 'plugins', name, 'META-INF/MANIFEST.MF'), manifest);
  }
}
