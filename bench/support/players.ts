import { randomUUID } from 'node:crypto';
import { JwtService } from '@nestjs/jwt';
import type { DataSource } from 'typeorm';

const TOKEN_LIFE_SECONDS = 3600;

/** A signed-in account, as the benchmark's clients know one. */
export interface Player {
  id: string;
  token: string;
}

/** Puts customers with a session each straight into the database: hashing their passwords is not what is measured. */
export async function createPlayers(dataSource: DataSource, count: number, jwtSecret: string): Promise<Player[]> {
  const ids = Array.from({ length: count }, () => randomUUID());
  await dataSource.query(
    `INSERT INTO users (id, email, email_key, first_name, last_name, birth_date, search_text, created_at, updated_at)
     SELECT id, id || '@bench.example', id || '@bench.example', 'Camille', 'Martin', '1990-05-17', 'camille martin',
       now(), now() FROM unnest($1::uuid[]) id`,
    [ids],
  );
  return signIn(dataSource, ids, jwtSecret);
}

/** Gives accounts a session each. */
export async function signIn(dataSource: DataSource, ids: readonly string[], jwtSecret: string): Promise<Player[]> {
  const jwt = new JwtService({ secret: jwtSecret, signOptions: { algorithm: 'HS256' } });
  const iat = Math.floor(Date.now() / 1000);
  const rows = ids.map((id) => ({ id, sid: randomUUID() }));
  await dataSource.query(
    `INSERT INTO sessions (id, user_id, created_at, last_used_at, expires_at)
     SELECT s.id, s.user_id, now(), now(), now() + interval '1 day' FROM unnest($1::uuid[], $2::uuid[]) s (id, user_id)`,
    [rows.map(({ sid }) => sid), ids],
  );
  return rows.map(({ id, sid }) => ({ id, token: jwt.sign({ sub: id, sid, iat, exp: iat + TOKEN_LIFE_SECONDS }) }));
}
