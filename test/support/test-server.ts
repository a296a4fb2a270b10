import type { EmbeddedPostgres } from '@tiptop/platform';

/** How the global setup hands the server's address to the workers. */
export const SERVER_URL_VARIABLE = 'TIPTOP_TEST_SERVER_URL';
export const TEMPLATE_DATABASE = 'tiptop_template';

export interface TestServer {
  server: EmbeddedPostgres;
  dataDir: string;
}
