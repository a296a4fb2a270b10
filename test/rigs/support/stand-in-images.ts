/** An image that this machine can make, and that does what one of the world's does, as far as docker-compose.yml asks for it. */
export interface StandIn {
  tag: string;
  dockerfile: (base: string) => string;
  /** Beside the Dockerfile; executable. */
  files: Readonly<Record<string, string>>;
}

const INSTALL = [
  'set -eu; export DEBIAN_FRONTEND=noninteractive',
  // A package's server is started by whoever runs the image, not by its installation.
  "printf '#!/bin/sh\\nexit 101\\n' > /usr/sbin/policy-rc.d; chmod 755 /usr/sbin/policy-rc.d",
  'apt-get -o Acquire::Retries=3 update -qq',
].join('; ');
const CLEAR = 'rm -rf /var/lib/apt/lists /var/cache/apt /var/log/*';

function install(packages: string, then = ':'): string {
  return `RUN ${INSTALL}; apt-get install -y -qq --no-install-recommends ${packages}; ${then}; ${CLEAR}`;
}

/** What the entry point of the image of PostgreSQL does with its variables and its secret. */
const POSTGRES_ENTRYPOINT = `#!/bin/bash
set -euo pipefail
if [ "$(id -u)" = 0 ]; then
  mkdir -p "$PGDATA" /var/run/postgresql
  chown postgres:postgres "$PGDATA" /var/run/postgresql
  chmod 700 "$PGDATA"
  exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
fi
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  # shellcheck disable=SC2086
  initdb --username="$POSTGRES_USER" --pwfile="$POSTGRES_PASSWORD_FILE" \${POSTGRES_INITDB_ARGS:-} > /dev/null
  echo 'host all all all scram-sha-256' >> "$PGDATA/pg_hba.conf"
  echo "listen_addresses = '*'" >> "$PGDATA/postgresql.conf"
  echo "unix_socket_directories = '/var/run/postgresql'" >> "$PGDATA/postgresql.conf"
  pg_ctl --options="-c listen_addresses=''" --wait start > /dev/null
  if [ "$POSTGRES_DB" != postgres ]; then createdb --username="$POSTGRES_USER" "$POSTGRES_DB"; fi
  pg_ctl --mode=fast --wait stop > /dev/null
fi
exec "$@"
`;

export const STAND_INS: readonly StandIn[] = [
  {
    tag: 'postgres:15-bookworm',
    dockerfile: (base) =>
      [
        `FROM ${base}`,
        install(
          'postgresql-common',
          [
            "echo 'create_main_cluster = false' >> /etc/postgresql-common/createcluster.conf",
            'apt-get install -y -qq --no-install-recommends postgresql-15',
            'rm -rf /var/lib/postgresql; install -d -o postgres -g postgres /var/lib/postgresql',
          ].join('; '),
        ),
        'ENV PATH=/usr/local/bin:/usr/lib/postgresql/15/bin:/usr/bin:/bin PGDATA=/var/lib/postgresql/data LANG=C.UTF-8',
        'COPY docker-entrypoint.sh /usr/local/bin/',
        'VOLUME /var/lib/postgresql/data',
        'STOPSIGNAL SIGINT',
        'EXPOSE 5432',
        'ENTRYPOINT ["docker-entrypoint.sh"]',
        'CMD ["postgres"]',
        '',
      ].join('\n'),
    files: { 'docker-entrypoint.sh': POSTGRES_ENTRYPOINT },
  },
  {
    tag: 'nginx:1.28-bookworm',
    dockerfile: (base) =>
      [
        `FROM ${base}`,
        install(
          'nginx curl',
          [
            'useradd --system --no-create-home --shell /bin/false nginx',
            'ln -sf /dev/stdout /var/log/nginx/access.log; ln -sf /dev/stderr /var/log/nginx/error.log',
          ].join('; '),
        ).replace('/var/log/*', '/var/log/apt'),
        'EXPOSE 80',
        'STOPSIGNAL SIGQUIT',
        'CMD ["nginx", "-g", "daemon off;"]',
        '',
      ].join('\n'),
    files: {},
  },
  {
    tag: 'localhost/frontend:prod-latest',
    dockerfile: (base) =>
      [`FROM ${base}`, 'COPY server.js /server.js', 'USER 65534', 'EXPOSE 3000', 'CMD ["node", "/server.js"]', ''].join(
        '\n',
      ),
    files: {
      'server.js': `const { createServer } = require('node:http');
const server = createServer((request, response) => response.end('the site\\n'));
server.listen(3000);
process.on('SIGTERM', () => server.close(() => process.exit(0)));
`,
    },
  },
];
