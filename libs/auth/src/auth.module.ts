import { Global, Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { JwtModule } from '@nestjs/jwt';
import { PassportModule } from '@nestjs/passport';
import { AppConfig, AuditModule } from '@tiptop/platform';
import { AccessGuard } from './access/access.guard';
import { ACCESS_TOKEN_ALGORITHM, AccessTokenStrategy } from './access/access-token.strategy';
import { AccountDirectory } from './access/account-directory';
import { RefusalRecorder } from './access/refusal-recorder';
import { EmailVerificationService } from './mail-tokens/email-verification.service';
import { InvitationService } from './mail-tokens/invitation.service';
import { MailRequestBudget } from './mail-tokens/mail-request-budget';
import { MailTokens } from './mail-tokens/mail-tokens';
import { MailTokensController } from './mail-tokens/mail-tokens.controller';
import { PasswordResetService } from './mail-tokens/password-reset.service';
import { AccountMails } from './mails/account-mails';
import { PasswordHasher } from './passwords/password-hasher';
import { PasswordPolicy } from './passwords/password-policy';
import { PasswordProof } from './passwords/password-proof';
import { PrivacyModule } from './privacy/privacy.module';
import { SecondFactorBudget } from './second-factor/second-factor-budget';
import { SecondFactorCheck } from './second-factor/second-factor-check';
import { SecretSeal } from './second-factor/secret-seal';
import { SecondFactorController } from './second-factor/second-factor.controller';
import { SecondFactorService } from './second-factor/second-factor.service';
import { MySessionsController } from './sessions/my-sessions.controller';
import { MySessionsService } from './sessions/my-sessions.service';
import { SessionsService } from './sessions/sessions.service';
import { Admission } from './sign-in/admission';
import { RegistrationBudget } from './sign-in/registration-budget';
import { SignInBudget } from './sign-in/sign-in-budget';
import { SignInController } from './sign-in/sign-in.controller';
import { SignInService } from './sign-in/sign-in.service';
import { MeController } from './users/me.controller';
import { UsersService } from './users/users.service';

/** Accounts, sessions and the guard before every route. */
@Global()
@Module({
  imports: [
    AuditModule,
    PassportModule.register({ session: false }),
    PrivacyModule,
    JwtModule.registerAsync({
      inject: [AppConfig],
      useFactory: (config: AppConfig) => ({
        secret: config.jwtSecret,
        signOptions: { algorithm: ACCESS_TOKEN_ALGORITHM },
      }),
    }),
  ],
  controllers: [SignInController, MeController, MySessionsController, SecondFactorController, MailTokensController],
  providers: [
    { provide: APP_GUARD, useClass: AccessGuard },
    AccessTokenStrategy,
    AccountDirectory,
    AccountMails,
    Admission,
    EmailVerificationService,
    InvitationService,
    MailRequestBudget,
    MailTokens,
    MySessionsService,
    PasswordHasher,
    PasswordPolicy,
    PasswordProof,
    PasswordResetService,
    RefusalRecorder,
    RegistrationBudget,
    SecondFactorBudget,
    SecondFactorCheck,
    SecondFactorService,
    SecretSeal,
    SessionsService,
    SignInBudget,
    SignInService,
    UsersService,
  ],
  exports: [
    Admission,
    InvitationService,
    PrivacyModule,
    RefusalRecorder,
    RegistrationBudget,
    SecondFactorCheck,
    SessionsService,
    UsersService,
  ],
})
export class AuthModule {}
