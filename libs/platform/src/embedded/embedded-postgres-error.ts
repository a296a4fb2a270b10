/** A failure of the embedded database, told in one line that can be printed to a person as it is. */
export class EmbeddedPostgresError extends Error {
  override readonly name = 'EmbeddedPostgresError';

  constructor(message: string, options?: ErrorOptions) {
    // Output of PostgreSQL's own programs is quoted in messages and has several lines.
    super(message.trim().replace(/\s*\n\s*/g, ' | '), options);
  }

  /** Leaves an EmbeddedPostgresError as it is and wraps anything else, so that callers handle one type. */
  static from(error: unknown, dataDir: string): EmbeddedPostgresError {
    if (error instanceof EmbeddedPostgresError) return error;
    return new EmbeddedPostgresError(`The embedded database in ${dataDir} could not be used: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** What an unknown thrown value says. Judged by its shape: Jest gives Node.js's own errors a class of another realm. */
export function messageOf(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('message' in error)) return String(error);
  return String(error.message);
}

/** The `code` of a Node.js or PostgreSQL error (ENOENT, 57P03), undefined when it has none. */
export function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
