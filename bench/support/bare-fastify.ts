import { createSecretKey } from 'node:crypto';
import { PLAY_STATEMENT } from '@tiptop/game';
import fastify from 'fastify';
import jwt from 'jsonwebtoken';
import { Pool } from 'pg';

/**
 * The other side of bench/play: what a Fastify handler costs that checks the same token, sends the same statement and
 * does nothing else.
 */
interface Settings {
  databaseUrl: string;
  poolSize: number;
  jwtSecret: string;
  contestId: string;
  keyFingerprint: string;
  /** Hexadecimal. */
  cardKey: string;
  /** The last four of the budget's parameters. */
  limits: number[];
}

const settings = JSON.parse(process.env.BARE_FASTIFY ?? '{}') as Settings;
const pool = new Pool({ connectionString: settings.databaseUrl, max: settings.poolSize });
const jwtKey = createSecretKey(settings.jwtSecret, 'utf8');
const cardKey = Buffer.from(settings.cardKey, 'hex');
const app = fastify({ logger: false });

app.post<{ Body: { code: string } }>('/v1/tickets/play', async (request) => {
  const token = (request.headers.authorization ?? '').slice('Bearer '.length);
  const { sub = '' } = jwt.verify(token, jwtKey, { algorithms: ['HS256'] }) as jwt.JwtPayload;
  const { code } = request.body;
  const now = new Date();
  const { rows } = await pool.query<{ claimEndsAt: Date }>({
    name: 'play',
    text: PLAY_STATEMENT,
    values: [
      code,
      settings.contestId,
      sub,
      now,
      null,
      settings.keyFingerprint,
      cardKey,
      `code-account:${sub}`,
      'code-address:127.0.0.1',
      `code-contest:${settings.contestId}`,
      now.getTime(),
      ...settings.limits,
    ],
  });
  const { claimEndsAt, ...prize } = rows[0] as { claimEndsAt: Date };
  return { ticket: { code, status: 'pending', playedAt: now, claimEndsAt }, prize };
});

process.on('SIGTERM', () => {
  void app.close().then(() => pool.end());
});
void app.listen({ host: '127.0.0.1', port: 0 }).then((url) => process.stderr.write(`${url}\n`));
