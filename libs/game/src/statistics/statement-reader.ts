/** Who answers a statement: the pool, or a transaction of which several answers have to be of one moment. */
export interface StatementReader {
  query<T>(sql: string, parameters: unknown[]): Promise<T>;
}
