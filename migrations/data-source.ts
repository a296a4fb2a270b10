import { PrintRun } from '@tiptop/admin';
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
import { ClaimEvent, Contest, Deck, Prize, Reminder, Store, Ticket } from '@tiptop/game';
import { BackupRun, BackupVerification, Deployment, OperationLeaseRow } from '@tiptop/ops';
import type { DatabaseSchema } from '@tiptop/platform';
import { Accounts1795300000000 } from './1795300000000-accounts';
import { Contest1795300000001 } from './1795300000001-contest';
import { AccountTrust1795400000000 } from './1795400000000-account-trust';
import { MailQueue1795400000001 } from './1795400000001-mail-queue';
import { Statistics1795500000000 } from './1795500000000-statistics';
import { Audit1795500000001 } from './1795500000001-audit';
import { Browsing1795500000002 } from './1795500000002-browsing';
import { ContestAdministration1795500000003 } from './1795500000003-contest-administration';
import { ServiceRole1795500000004 } from './1795500000004-service-role';
import { Backups1795600000000 } from './1795600000000-backups';
import { Deployments1795700000000 } from './1795700000000-deployments';
import { SmokeContest1795800000000 } from './1795800000000-smoke-contest';
import { keptTables } from './kept-tables';

/** Every entity and every migration, by name: a glob would take in this file as well, and load it without end. */
export const schema: DatabaseSchema = {
  keptTables,
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
    PrintRun,
    Reminder,
    BackupRun,
    BackupVerification,
    OperationLeaseRow,
    Deployment,
  ],
  migrations: [
    Accounts1795300000000,
    Contest1795300000001,
    AccountTrust1795400000000,
    MailQueue1795400000001,
    Statistics1795500000000,
    Audit1795500000001,
    Browsing1795500000002,
    ContestAdministration1795500000003,
    ServiceRole1795500000004,
    Backups1795600000000,
    Deployments1795700000000,
    SmokeContest1795800000000,
  ],
};
