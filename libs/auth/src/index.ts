import type { AccessErrorCode } from './access/access.errors';
import type { PasswordErrorCode } from './passwords/password.errors';
import type { SessionErrorCode } from './sessions/session.errors';
import type { SignInErrorCode } from './sign-in/sign-in.errors';
import type { UserErrorCode } from './users/user.errors';

export type AuthErrorCode = AccessErrorCode | PasswordErrorCode | SessionErrorCode | SignInErrorCode | UserErrorCode;

export type { Account } from './access/account';
export { CurrentAccount } from './access/current-account.decorator';
export { Access, type AccessRule, Endpoint } from './access/endpoint.decorator';
export { type Role, ROLES } from './access/roles';
export { AuthModule } from './auth.module';
export { PASSWORD_MAX_LENGTH } from './passwords/password-policy';
export { PasswordHasher } from './passwords/password-hasher';
export { RefreshToken } from './sessions/refresh-token.entity';
export { Session } from './sessions/session.entity';
export { Consent } from './users/consent.entity';
export { foldForSearch } from './users/search-text';
export { User } from './users/user.entity';
export { EmailTaken } from './users/user.errors';
export { BirthDateField, EmailField, NameField } from './users/user-fields.decorators';
export { type NewUser, UsersService } from './users/users.service';
