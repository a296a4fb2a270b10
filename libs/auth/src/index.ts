import type { AccessErrorCode } from './access/access.errors';
import type { MailTokenErrorCode } from './mail-tokens/mail-token.errors';
import type { PasswordErrorCode } from './passwords/password.errors';
import type { SecondFactorErrorCode } from './second-factor/second-factor.errors';
import type { SessionErrorCode } from './sessions/session.errors';
import type { SignInErrorCode } from './sign-in/sign-in.errors';
import type { SocialErrorCode } from './social/social.errors';
import type { UserErrorCode } from './users/user.errors';

export type AuthErrorCode =
  | AccessErrorCode
  | MailTokenErrorCode
  | PasswordErrorCode
  | SecondFactorErrorCode
  | SessionErrorCode
  | SignInErrorCode
  | SocialErrorCode
  | UserErrorCode;

export type { Account } from './access/account';
export { CurrentAccount } from './access/current-account.decorator';
export { Access, type AccessRule, Endpoint, type EndpointOptions } from './access/endpoint.decorator';
export { type Role, ROLES } from './access/roles';
export { RefusalRecorder } from './access/refusal-recorder';
export { AuthModule } from './auth.module';
export { PASSWORD_MAX_LENGTH } from './passwords/password-policy';
export { PasswordHasher } from './passwords/password-hasher';
export { ErasureService } from './privacy/erasure.service';
export { PersonalData, type PersonalDataHolder } from './privacy/personal-data';
export { RETENTION_JOB, RetentionJob } from './privacy/retention-job';
export { RetentionScheduleModule } from './privacy/retention-schedule.module';
export {
  type InactiveAccount,
  type RetentionOutcome,
  type RetentionPlan,
  RetentionService,
} from './privacy/retention.service';
export { InvitationService } from './mail-tokens/invitation.service';
export { MailToken } from './mail-tokens/mail-token.entity';
export { RecoveryCode } from './second-factor/recovery-code.entity';
export { SecondFactor } from './second-factor/second-factor.entity';
export { SecondFactorService } from './second-factor/second-factor.service';
export { RefreshToken } from './sessions/refresh-token.entity';
export { Session } from './sessions/session.entity';
export { sessionEndSql } from './sessions/session-term';
export { SessionsService } from './sessions/sessions.service';
export { Identity } from './social/identity.entity';
export { SignInCode } from './social/sign-in-code.entity';
export { SocialModule } from './social/social.module';
export { SpentState } from './social/spent-state.entity';
export { Consent } from './users/consent.entity';
export { foldForSearch, searchTextOf } from './users/search-text';
export { User } from './users/user.entity';
export { EmailTaken, LastAdmin } from './users/user.errors';
export { type ShownUser, toUserResponse, UserResponse } from './users/user.response';
export { BirthDateField, EmailField, NameField } from './users/user-fields.decorators';
export { type NewUser, UNSTATED_BIRTH_DATE, UsersService } from './users/users.service';
export { type Origin, RequestOrigin } from './sign-in/origin';
