/** An account of this machine, by numbers as the kernel knows it. */
export interface UnixUser {
  name: string;
  uid: number;
  gid: number;
}

/**
 * The account that stands in for root, which PostgreSQL refuses to run as: `postgres`, or else `nobody`.
 *
 * @param passwd text of /etc/passwd
 * @returns undefined when neither exists
 */
export function findUnprivilegedUser(passwd: string): UnixUser | undefined {
  const users = passwd.split('\n').flatMap(parseUser);
  return ['postgres', 'nobody'].map((name) => users.find((user) => user.name === name && user.uid !== 0)).find(Boolean);
}

function parseUser(line: string): UnixUser[] {
  const [name, , uid, gid] = line.split(':');
  if (!name || !/^\d+$/.test(uid ?? '') || !/^\d+$/.test(gid ?? '')) return [];
  return [{ name, uid: Number(uid), gid: Number(gid) }];
}
