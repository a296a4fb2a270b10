import { type Agent, request } from 'node:http';
import type { ApiClient } from './api-client';
import type { SessionBody } from './builders';
import type { TestApp } from './test-app';

/** A download of which a client has read the first bytes, and reads no more until it is told to. */
export interface BegunDownload {
  /** The client goes away. */
  abort: () => void;
  /** Reads on to the end, or to where it was cut off. */
  finish: () => Promise<{ bytes: Buffer; isComplete: boolean }>;
}

/** @param path below /v1/admin/exports/ */
export async function beginDownload(
  { client }: { client: Pick<ApiClient, 'url'> },
  path: string,
  { accessToken }: Pick<SessionBody, 'accessToken'>,
  agent: Agent | false = false,
): Promise<BegunDownload> {
  return new Promise((resolve, reject) => {
    const sent = request(`${client.url}/v1/admin/exports/${path}`, {
      headers: { authorization: `Bearer ${accessToken}` },
      agent,
    });
    sent.once('error', reject);
    sent.once('response', (response) => {
      response.on('error', () => undefined);
      const ended = new Promise<void>((done) => response.once('close', done));
      response.once('readable', () => {
        resolve({
          abort: () => sent.destroy(),
          finish: async () => {
            const parts: Buffer[] = [];
            response.on('data', (part: Buffer) => parts.push(part));
            await ended;
            return { bytes: Buffer.concat(parts), isComplete: response.complete };
          },
        });
      });
    });
    sent.end();
  });
}

/** How many exports the database knows of. */
export async function exportsUnderWay({ database }: TestApp): Promise<number> {
  const rows = await database.query<unknown[]>(
    `SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'tiptop export'`,
  );
  return rows.length;
}

/** Tickets by SQL: so many, and each line of a file as long, that a file is larger than what the sockets on its way hold. */
export async function addManyTickets(
  { database }: TestApp,
  contestId: string,
  count: number,
  lineLength: number,
): Promise<void> {
  await database.query(
    `INSERT INTO tickets (code, contest_id)
     SELECT translate(lpad(upper(to_hex(n)), 10, '0'), 'ILOU01', 'WXYZWX'), $1 FROM generate_series(1, $2) n
     ON CONFLICT DO NOTHING`,
    [contestId, count],
  );
  await database.query(`UPDATE contests SET slug = repeat('x', $2) WHERE id = $1`, [contestId, lineLength]);
}
