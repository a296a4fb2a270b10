import { Client } from 'pg';
import { createTestDatabase } from '../support/database';
import { Tiptop } from './tiptop';

/** The program beside a migrated database of its own, and a connection to look into it. */
export interface TiptopOnDatabase {
  tiptop: Tiptop;
  client: Client;
  clear: () => Promise<void>;
}

export async function tiptopOnDatabase(): Promise<TiptopOnDatabase> {
  const program = await Tiptop.build();
  const database = await createTestDatabase();
  const client = new Client({ connectionString: database.url });
  await client.connect();
  return {
    tiptop: program.with({ DATABASE_URL: database.url }),
    client,
    clear: async () => {
      await client.end();
      await database.drop();
      await program.remove();
    },
  };
}
