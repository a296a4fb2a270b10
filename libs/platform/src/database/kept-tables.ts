/** A table whose rows are not for whoever can write a statement to alter. */
export interface KeptTable {
  /** What the service may do with it. */
  service: readonly ('SELECT' | 'INSERT')[];
  /** Columns that may be changed all the same; a trigger says how. */
  changeable?: readonly string[];
  /** Whether its owner gives up altering and removing rows as well. */
  bindsOwner?: true;
}

/** By name, of the schema `public`. Tables that are not listed are ordinary. */
export type KeptTables = Readonly<Record<string, KeptTable>>;
