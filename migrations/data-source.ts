import {
  Consent,
  Identity,
  MailToken,
  RecoveryCode,
  RefreshToken,
  SecondFactor,
  Session,
  SignInCode,
  SpentState,
  User,
} from '@tiptop/auth';
import { ClaimEvent, Contest, Deck, Prize, Store, Ticket } from '@tiptop/game';
import type { DatabaseSchema } from '@tiptop/platform';
import { Accounts1795300000000 } from './1795300000000-accounts';
import { Contest1795300000001 } from './1795300000001-contest';
import { AccountTrust1795400000000 } from './1795400000000-account-trust';
import { MailQueue1795400000001 } from './1795400000001-mail-queue';

/** Every entity and every migration, by name: a glob would take in this file as well, and load it without end. */
export const schema: DatabaseSchema = {
  entities: [
    User,
    Consent,
    Session,
    RefreshToken,
    Identity,
    SignInCode,
    SpentState,
    MailToken,
    SecondFactor,
    RecoveryCode,
    Contest,
    Prize,
    Deck,
    Ticket,
    ClaimEvent,
    Store,
  ],
  migrations: [Accounts1795300000000, Contest1795300000001, AccountTrust1795400000000, MailQueue1795400000001],
};
