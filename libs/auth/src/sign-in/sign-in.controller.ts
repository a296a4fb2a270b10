import { Body, Controller, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Endpoint } from '../access/endpoint.decorator';
import { SessionsService } from '../sessions/sessions.service';
import { LoginRequest } from './dto/login.request';
import { RefreshTokenRequest } from './dto/refresh-token.request';
import { RegisterRequest } from './dto/register.request';
import { SessionResponse, toSessionResponse } from './dto/session.response';
import { type Origin, RequestOrigin } from './origin';
import { SignInService } from './sign-in.service';

@ApiTags('Accounts')
@Controller('auth')
export class SignInController {
  constructor(
    private readonly signIn: SignInService,
    private readonly sessions: SessionsService,
  ) {}

  @Post('register')
  @Endpoint({
    access: 'public',
    summary: 'Create an account and sign in',
    status: 201,
    answer: SessionResponse,
    errors: ['EMAIL_TAKEN', 'WEAK_PASSWORD', 'UNDERAGE', 'TERMS_NOT_ACCEPTED', 'TOO_MANY_ATTEMPTS'],
  })
  async register(@Body() body: RegisterRequest, @RequestOrigin() origin: Origin): Promise<SessionResponse> {
    const { user, pair } = await this.signIn.register(body, origin);
    return toSessionResponse(user, pair);
  }

  @Post('login')
  @Endpoint({
    access: 'public',
    summary: 'Sign in with e-mail and password',
    description: 'SECOND_FACTOR_REQUIRED: both were right, and the same call with a code in `secondFactor` will do.',
    status: 200,
    answer: SessionResponse,
    errors: [
      'INVALID_CREDENTIALS',
      'SECOND_FACTOR_REQUIRED',
      'INVALID_SECOND_FACTOR',
      'ACCOUNT_ARCHIVED',
      'TOO_MANY_ATTEMPTS',
    ],
  })
  async login(@Body() body: LoginRequest, @RequestOrigin() origin: Origin): Promise<SessionResponse> {
    const { user, pair } = await this.signIn.login(body, origin);
    return toSessionResponse(user, pair);
  }

  @Post('refresh')
  @Endpoint({
    access: 'public',
    summary: 'Exchange a refresh token for a new pair',
    description: 'The token given dies. If it comes a second time, the whole session ends.',
    status: 200,
    answer: SessionResponse,
    errors: ['INVALID_REFRESH_TOKEN', 'ACCOUNT_ARCHIVED'],
  })
  async refresh(@Body() body: RefreshTokenRequest): Promise<SessionResponse> {
    const { user, pair } = await this.sessions.refresh(body.refreshToken);
    return toSessionResponse(user, pair);
  }

  @Post('logout')
  @Endpoint({ access: 'public', summary: 'End the session of a refresh token', status: 204 })
  async logout(@Body() body: RefreshTokenRequest): Promise<void> {
    await this.sessions.logout(body.refreshToken);
  }
}
