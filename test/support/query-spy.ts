import { Client } from 'pg';

/** The SQL of every statement that this process sends while some work is done, on any connection. */
export async function queriesDuring(work: () => Promise<unknown>): Promise<string[]> {
  const spy = jest.spyOn(Client.prototype, 'query');
  try {
    await work();
    return (spy.mock.calls as unknown[][]).map(([query]) =>
      typeof query === 'string' ? query : ((query as { text?: string } | undefined)?.text ?? ''),
    );
  } finally {
    spy.mockRestore();
  }
}
