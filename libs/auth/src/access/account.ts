import type { Role } from './roles';

/** Who is calling: read from the database for this very request. */
export interface Account {
  id: string;
  role: Role;
  sessionId: string;
  /** Whether the second factor was shown in this session. */
  secondFactorShown: boolean;
}
