/** Debian's `nobody`. */
const NOBODY = 65_534;

/** As a user to whom permissions apply: root may read everything. What it needs has to be open to all. */
export async function withoutPrivileges<T>(act: () => Promise<T>): Promise<T> {
  if (process.getuid?.() !== 0) return act();
  process.seteuid?.(NOBODY);
  try {
    return await act();
  } finally {
    process.seteuid?.(0);
  }
}
