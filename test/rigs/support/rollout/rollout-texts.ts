/** The service of the rig: one release of it in each image, told apart by RELEASE. Some are no good. */
export const SERVER = `const { createServer } = require('node:http');
const { hostname } = require('node:os');

const { RELEASE = '', BOOT_MS = '1500' } = process.env;
if (RELEASE.startsWith('crash')) {
  console.error('can not start: the database password is of-the-rig-and-secret');
  process.exit(7);
}
const server = createServer((request, response) => {
  const isHealth = request.url === '/health';
  response.statusCode = isHealth && RELEASE.startsWith('sick') ? 500 : 200;
  const wait = request.url === '/slow' ? 3000 : 10;
  setTimeout(() => response.end(\`\${RELEASE} \${hostname()}\\n\`), isHealth ? 0 : wait);
});
// Until then connections are refused: whoever sends requests here too early is found out.
setTimeout(() => {
  server.listen(3000);
  console.log(\`\${RELEASE} listens\`);
}, Number(BOOT_MS));
process.on('SIGTERM', () => {
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});
`;

/** What deploy/nginx/nginx.conf does to pass requests on, without TLS and limits. */
export const NGINX = `user nginx;
worker_processes 2;
pid /run/nginx.pid;
error_log /dev/stderr warn;
events {
  worker_connections 1024;
}
http {
  access_log off;
  resolver 127.0.0.11 valid=2s ipv6=off;
  include /srv/state/upstreams.conf;
  server {
    listen 80;
    location / {
      # Once, to one server: nothing hides a request that failed.
      proxy_next_upstream off;
      proxy_pass http://$api_host:3000;
    }
    location /site {
      proxy_next_upstream off;
      proxy_pass http://$frontend_host:3000;
    }
  }
}
`;

export function composeText(port: number, nginx: string): string {
  const service = (name: string): string[] => [
    `  ${name}:`,
    `    image: localhost/${name === 'frontend' ? 'frontend' : 'backend'}:none`,
    '    restart: unless-stopped',
    '    stop_grace_period: 45s',
    '    mem_limit: 256m',
    '    init: true',
    '    healthcheck:',
    `      test: ['CMD', 'node', '-e', "fetch('http://127.0.0.1:3000/health').then((a) => process.exit(a.ok ? 0 : 1), () => process.exit(1))"]`,
    '      interval: 1s',
    '      timeout: 5s',
    '      retries: 3',
    '      start_period: 3s',
  ];
  const lines = [
    'services:',
    ...['api', 'ops', 'frontend'].flatMap(service),
    '  nginx:',
    `    image: ${nginx}`,
    "    command: ['nginx', '-e', '/dev/stderr', '-g', 'daemon off;']",
    '    restart: unless-stopped',
    '    ports:',
    `      - '127.0.0.1:${port}:80'`,
    '    volumes:',
    '      - ./deploy/nginx:/etc/nginx:ro',
    '      - ./state/nginx:/srv/state:ro',
    '',
  ];
  return lines.join('\n');
}
