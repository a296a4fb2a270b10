import { randomBytes } from 'node:crypto';
import { Migrator } from '@tiptop/platform';
import { escapeIdentifier } from 'pg';
import { schema } from '../../migrations/data-source';
import { createTestDatabase, onServer } from './database';

const PASSWORD = 'of-a-role';

/** A database of its own that one role owns and migrates, and in which another serves; neither is a superuser. */
export interface TwoRoles {
  database: string;
  owner: string;
  /** Not granted anything yet. */
  service: string;
  /** As the owner signs in, as the service does, and as somebody who may do anything. */
  ownerUrl: string;
  serviceUrl: string;
  superuserUrl: string;
  /** As the owner. */
  migrator: Migrator;
  drop: () => Promise<void>;
}

export async function twoRoles(): Promise<TwoRoles> {
  const mark = randomBytes(6).toString('hex');
  // The second one is another name altogether where somebody forgets to quote it.
  const [owner, service] = [`owner_${mark}`, `Service-${mark}`];
  const { name: database, url: superuserUrl, drop } = await createTestDatabase('template0');
  for (const role of [owner, service]) {
    await onServer(`CREATE ROLE ${escapeIdentifier(role)} LOGIN PASSWORD '${PASSWORD}'`);
  }
  await onServer(`ALTER DATABASE ${database} OWNER TO ${owner}`);
  const urlOf = (role: string): string => {
    const url = new URL(superuserUrl);
    Object.assign(url, { username: role, password: PASSWORD });
    return url.href;
  };
  return {
    database,
    owner,
    service,
    ownerUrl: urlOf(owner),
    serviceUrl: urlOf(service),
    superuserUrl,
    migrator: new Migrator(urlOf(owner), schema),
    drop: async () => {
      await drop();
      for (const role of [owner, service]) await onServer(`DROP ROLE ${escapeIdentifier(role)}`);
    },
  };
}
