import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** Stands between a client and a server, and hands on what passes; answers after a while, if told so. */
export class TcpRelay {
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    readonly port: number,
  ) {}

  /**
   * @param answerAfterMs how long an answer is on its way
   * @param port where it listens; a free one unless told otherwise
   */
  static async open(target: number, answerAfterMs = 0, port = 0): Promise<TcpRelay> {
    const server = createServer();
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    const relay = new TcpRelay(server, (server.address() as AddressInfo).port);
    server.on('connection', (client) => {
      const upstream = connect({ port: target, host: '127.0.0.1', noDelay: true });
      client.setNoDelay(true);
      for (const socket of [client, upstream]) {
        relay.sockets.add(socket);
        socket.on('error', () => undefined);
        socket.on('close', () => {
          relay.sockets.delete(socket);
          client.destroy();
          upstream.destroy();
        });
      }
      client.pipe(upstream);
      upstream.on('data', (chunk: Buffer) => {
        setTimeout(() => client.write(chunk), answerAfterMs);
      });
    });
    return relay;
  }

  /** Ends every connection, with what is on its way. */
  cut(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.cut();
    await once(this.server.close(), 'close');
  }
}
