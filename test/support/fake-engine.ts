import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stopServer } from './loopback-server';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

const VERSION = { Version: '20.10.24', ApiVersion: '1.41', MinAPIVersion: '1.12' };

/** Something that speaks the protocol of a container engine on a socket, and answers as a test wants it to. */
export class FakeEngine {
  /** Method and path of each request but those for the version. */
  readonly asked: string[] = [];
  connections = 0;
  version: object = VERSION;
  answer: Answer = (_request, response) => response.writeHead(404).end('{"message":"no such thing"}');

  private constructor(
    private readonly server: Server,
    private readonly folder: string,
    readonly socket: string,
  ) {}

  static async start(): Promise<FakeEngine> {
    const folder = await mkdtemp(join(tmpdir(), 'tiptop-engine-'));
    const socket = join(folder, 'engine.sock');
    const server = createServer().listen(socket);
    await once(server, 'listening');
    const engine = new FakeEngine(server, folder, socket);
    server.on('connection', () => engine.connections++);
    server.on('request', (request, response) => {
      if (request.url === '/version') {
        response.end(JSON.stringify(engine.version));
        return;
      }
      engine.asked.push(`${request.method ?? ''} ${request.url ?? ''}`);
      engine.answer(request, response);
    });
    return engine;
  }

  get host(): string {
    return `unix://${this.socket}`;
  }

  async stop(): Promise<void> {
    await stopServer(this.server);
    await rm(this.folder, { recursive: true, force: true });
  }
}
