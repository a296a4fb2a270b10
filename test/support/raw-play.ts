import { type Contest, ContestRegistry, PLAY_STATEMENT } from '@tiptop/game';
import { Client } from 'pg';
import type { TestApp } from './test-app';

const NO_LIMIT = 1_000_000;

/**
 * A play whose transaction stays open until told how it ends: what a replica does in the moment between its statement
 * and its commit, made long. It runs the service's own statement.
 */
export class RawPlay {
  private constructor(
    private readonly client: Client,
    /** Whether the statement won the ticket within its transaction. */
    readonly won: boolean,
  ) {}

  static async begin(test: TestApp, contest: Contest, code: string, playerId: string): Promise<RawPlay> {
    const loaded = await test.app.get(ContestRegistry).find(contest.id);
    if (!loaded?.opened) throw new Error('The contest’s deck is not open');
    const { deck, cardKey } = loaded.opened;
    const client = new Client({ connectionString: test.config.databaseUrl });
    await client.connect();
    await client.query('BEGIN');
    const { rows } = await client.query<{ id: string | null }>(PLAY_STATEMENT, [
      ...[code, contest.id, playerId, test.clock.now(), null, deck.keyFingerprint, cardKey],
      ...['account', 'address', 'contest', Date.now(), NO_LIMIT, NO_LIMIT, NO_LIMIT, NO_LIMIT],
    ]);
    return new RawPlay(client, typeof rows[0]?.id === 'string');
  }

  async commit(): Promise<void> {
    await this.client.query('COMMIT');
    await this.client.end();
  }

  async rollback(): Promise<void> {
    await this.client.query('ROLLBACK');
    await this.client.end();
  }

  /** Cuts the connection, as a replica that is killed would. */
  async vanish(): Promise<void> {
    await this.client.end();
  }
}
