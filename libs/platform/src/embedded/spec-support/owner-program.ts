import { EmbeddedPostgres, EmbeddedPostgresError, type EmbeddedPostgresOptions } from '../index';

/** What the program tells its parent. */
export type OwnerReport =
  | { kind: 'log'; message: string }
  | { kind: 'started'; url: string; owned: boolean }
  | { kind: 'failed'; message: string; expected: boolean }
  | { kind: 'interrupted' }
  | { kind: 'stopped' };

/** A process of its own that starts the database, for specs that kill it. Options come as JSON in the first argument. */
async function main(): Promise<void> {
  const options = JSON.parse(process.argv[2] ?? '') as EmbeddedPostgresOptions;
  const log = (message: string): void => {
    report({ kind: 'log', message });
  };
  try {
    const database = await EmbeddedPostgres.start({ ...options, log });
    process.on('message', () => {
      void database.stop().then(() => {
        report({ kind: 'stopped' });
        process.disconnect();
      });
    });
    report({ kind: 'started', url: database.url, owned: database.owned });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    report({ kind: 'failed', message, expected: error instanceof EmbeddedPostgresError });
    process.disconnect();
  }
}

function report(content: OwnerReport): void {
  process.send?.(content);
}

process.on('SIGINT', () => {
  report({ kind: 'interrupted' });
});
void main();
