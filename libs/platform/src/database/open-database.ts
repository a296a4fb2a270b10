import type { AppConfig } from '../config/app-config';
import { EmbeddedPostgres } from '../embedded';

/** A database to work with: where it is, and how to let go of it. */
export interface OpenDatabase {
  url: string;
  embedded: boolean;
  /** Stops the embedded server if this process started it; nothing otherwise. */
  close: () => Promise<void>;
}

/**
 * The database that the configuration names, or the embedded one, started.
 * @param mode `own` for the service, which refuses to share its data folder; `share` for a command beside it
 * @throws EmbeddedPostgresError
 */
export async function openDatabase(
  config: AppConfig,
  mode: 'own' | 'share',
  log?: (message: string) => void,
): Promise<OpenDatabase> {
  if (config.databaseUrl !== undefined) {
    return { url: config.databaseUrl, embedded: false, close: () => Promise.resolve() };
  }
  const server = await EmbeddedPostgres.start({ dataDir: config.dataDir, mode, ...(log ? { log } : {}) });
  return { url: server.url, embedded: true, close: () => server.stop() };
}
