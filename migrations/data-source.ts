import { Consent, RefreshToken, Session, User } from '@tiptop/auth';
import { ClaimEvent, Contest, Deck, Prize, Store, Ticket } from '@tiptop/game';
import type { DatabaseSchema } from '@tiptop/platform';
import { Accounts1795300000000 } from './1795300000000-accounts';
import { Contest1795300000001 } from './1795300000001-contest';

/** Every entity and every migration, by name: a glob would take in this file as well, and load it without end. */
export const schema: DatabaseSchema = {
  entities: [User, Consent, Session, RefreshToken, Contest, Prize, Deck, Ticket, ClaimEvent, Store],
  migrations: [Accounts1795300000000, Contest1795300000001],
};
