import { Global, Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { JwtModule } from '@nestjs/jwt';
import { PassportModule } from '@nestjs/passport';
import { AppConfig } from '@tiptop/platform';
import { AccessGuard } from './access/access.guard';
import { ACCESS_TOKEN_ALGORITHM, AccessTokenStrategy } from './access/access-token.strategy';
import { AccountDirectory } from './access/account-directory';
import { PasswordHasher } from './passwords/password-hasher';
import { PasswordPolicy } from './passwords/password-policy';
import { SessionsService } from './sessions/sessions.service';
import { SignInBudget } from './sign-in/sign-in-budget';
import { SignInController } from './sign-in/sign-in.controller';
import { SignInService } from './sign-in/sign-in.service';
import { MeController } from './users/me.controller';
import { UsersService } from './users/users.service';

/** Accounts, sessions and the guard before every route. */
@Global()
@Module({
  imports: [
    PassportModule.register({ session: false }),
    JwtModule.registerAsync({
      inject: [AppConfig],
      useFactory: (config: AppConfig) => ({
        secret: config.jwtSecret,
        signOptions: { algorithm: ACCESS_TOKEN_ALGORITHM },
      }),
    }),
  ],
  controllers: [SignInController, MeController],
  providers: [
    { provide: APP_GUARD, useClass: AccessGuard },
    AccessTokenStrategy,
    AccountDirectory,
    PasswordHasher,
    PasswordPolicy,
    SessionsService,
    SignInBudget,
    SignInService,
    UsersService,
  ],
  exports: [UsersService],
})
export class AuthModule {}
