import { get } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';

const PARALLEL = 4;
const PAUSE_MS = 15;
const PATIENCE_MS = 15_000;

/** What became of the requests of a client that asked all the time. */
export interface Asked {
  requests: number;
  failures: string[];
  /** Releases that answered, in the order of their first answers. */
  releases: string[];
}

/** Asks, each time on a new connection, for as long as something is done. */
export async function whileAsking<T>(url: string, work: () => Promise<T>): Promise<{ value: T; asked: Asked }> {
  const asked: Asked = { requests: 0, failures: [], releases: [] };
  let isOver = false;
  const client = async (): Promise<void> => {
    while (!isOver) {
      asked.requests++;
      try {
        const [release = ''] = (await ask(url)).split(' ');
        if (!asked.releases.includes(release)) asked.releases.push(release);
      } catch (error) {
        asked.failures.push((error as Error).message);
      }
      await pause(PAUSE_MS);
    }
  };
  const clients = Array.from({ length: PARALLEL }, client);
  try {
    return { value: await work(), asked };
  } finally {
    isOver = true;
    await Promise.all(clients);
  }
}

/** @returns the answer's text. @throws Error for any other status than 200 */
export async function ask(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent: false, timeout: PATIENCE_MS }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('error', reject).on('end', () => {
        if (response.statusCode === 200) resolve(text.trim());
        else reject(new Error(`status ${response.statusCode ?? 0}`));
      });
    });
    request.on('error', reject).on('timeout', () => request.destroy(new Error('no answer')));
  });
}
