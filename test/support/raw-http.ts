import { connect } from 'node:net';

/** An answer as it came over the wire. */
export interface RawAnswer {
  statusLine: string;
  headers: Record<string, string>;
  body: string;
}

/**
 * Sends bytes that no HTTP client would send, and reads until the server closes the connection.
 * @param url of the service
 * @param text what to send; the connection stays open for writing
 */
export async function sendRaw(url: string, text: string): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  const answer = await new Promise<string>((resolve, reject) => {
    let received = '';
    const socket = connect({ host: hostname, port: Number(port) }, () => socket.write(text));
    socket.setEncoding('utf8');
    socket.on('data', (part: string) => (received += part));
    socket.on('error', reject);
    socket.on('close', () => {
      resolve(received);
    });
  });
  const [head = '', ...rest] = answer.split('\r\n\r\n');
  const [statusLine = '', ...lines] = head.split('\r\n');
  const headers = lines
    .map((line) => line.split(/: (.*)/, 2))
    .map(([name = '', value = '']) => [name.toLowerCase(), value]);
  return { statusLine, headers: Object.fromEntries(headers) as Record<string, string>, body: rest.join('\r\n\r\n') };
}
