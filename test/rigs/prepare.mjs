// Installs what the rigs need where it is missing: on Debian as root by itself, elsewhere by naming it.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const NEEDED = [
  { package: 'age', present: () => finds('age'), what: 'the stock program that opens archives' },
  {
    package: 'chromium',
    present: () => existsSync('/usr/bin/chromium'),
    what: 'a browser for Swagger UI and the ways of signing in',
  },
  { package: 'curl', present: () => finds('curl'), what: 'the README’s lines' },
  {
    package: 'debootstrap',
    present: () => finds('debootstrap'),
    what: 'what makes the Debian that images are built on',
  },
  { package: 'docker.io', present: () => finds('dockerd') && finds('docker'), what: 'a container engine with images' },
  {
    package: 'docker-compose',
    present: () => finds('docker-compose') || spawnSync('docker', ['compose', 'version']).status === 0,
    what: 'what reads docker-compose.yml',
  },
  { package: 'docker-registry', present: () => finds('docker-registry'), what: 'a registry of images' },
  { package: 'iptables', present: () => finds('iptables'), what: 'what containers need to find each other' },
  ...['ceph-common', 'ceph-mon', 'ceph-osd', 'radosgw'].map((name) => ({
    package: name,
    present: () => finds({ 'ceph-common': 'ceph' }[name] ?? name),
    what: 'Ceph, the store that speaks S3',
  })),
  { package: 'groovy', present: () => finds('groovy'), what: 'the language of the Jenkinsfile' },
  {
    package: 'default-jre-headless',
    present: () => process.env.JAVA_HOME !== undefined || existsSync('/usr/lib/jvm/default-java/bin/java'),
    what: 'what groovy runs on',
  },
  { package: 'openssl', present: () => finds('openssl'), what: 'what makes a certificate for a new environment' },
  { package: 'openssh-server', present: () => existsSync('/usr/sbin/sshd'), what: 'the backup server' },
  { package: 'libreoffice-calc-nogui', present: () => finds('soffice'), what: 'LibreOffice Calc, which opens exports' },
  {
    package: 'postgresql-15',
    present: () => finds('pgbench'),
    what: 'pgbench, one side of bench/play; pg_dump and pg_restore',
  },
];

function finds(program) {
  const folders = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/usr/lib/postgresql/15/bin'];
  return folders.some((folder) => existsSync(`${folder}/${program}`));
}

const missing = () => NEEDED.filter(({ present }) => !present());
const canInstall = existsSync('/etc/debian_version') && process.getuid?.() === 0;

if (missing().length > 0 && canInstall) {
  const packages = missing().map((need) => need.package);
  console.error(`Installing ${packages.join(', ')}`);
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  spawnSync('apt-get', ['update', '-qq'], { stdio: ['ignore', 2, 2], env: environment });
  execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], {
    stdio: ['ignore', 2, 2],
    env: environment,
  });
}

if (missing().length > 0) {
  console.error('The rigs were NOT run. Missing on this machine:');
  for (const need of missing()) console.error(`  ${need.package}: ${need.what}`);
  console.error('On Debian, run the same command as root; elsewhere, install these first.');
  process.exit(1);
}
