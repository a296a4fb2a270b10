import { Injectable } from '@nestjs/common';
import { Clock, secretHash } from '@tiptop/platform';
import { DataSource } from 'typeorm';
import { OAuthRefused } from '../social.errors';
import type { Attempt } from './attempt';

/** Longer than the clocks of two replicas are apart. */
const MARGIN_MS = 5 * 60_000;

/** Remembers which sign-ins have come back from a provider. */
@Injectable()
export class SpentStates {
  constructor(
    private readonly dataSource: DataSource,
    private readonly clock: Clock,
  ) {}

  /** @throws OAuthRefused where the state came back before */
  async spend({ state, expiresAt }: Attempt): Promise<void> {
    const { manager } = this.dataSource;
    await manager.query('DELETE FROM spent_states WHERE expires_at <= $1', [this.clock.now()]);
    const inserted = await manager.query<unknown[]>(
      'INSERT INTO spent_states (hash, expires_at) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING 1',
      [secretHash(state), new Date(expiresAt.getTime() + MARGIN_MS)],
    );
    if (inserted.length === 0) throw new OAuthRefused(new Error('The state came back before'));
  }
}
