import { Body, Controller, Get, Post, Query, Redirect, Req, Res, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { SessionResponse, toSessionResponse } from '../../sign-in/dto/session.response';
import { type Origin, RequestOrigin } from '../../sign-in/origin';
import { answer, isForPage, setCookies } from '../redirect/answer';
import { Arrived, type Arrival } from '../redirect/arrival';
import { heldCookies } from '../redirect/attempt-cookies';
import { BeginSignInQuery } from '../redirect/begin-sign-in.query';
import { RedirectSignInService } from '../redirect/redirect-sign-in.service';
import { BeginEndpoint, CallbackEndpoint, TokenEndpoint } from '../social-endpoints';
import { TokenSignInService } from '../token-sign-in.service';
import { GoogleArrivalGuard } from './google-arrival.guard';
import { GoogleClient } from './google-client';
import { GoogleTokenRequest } from './google-token.request';

@ApiTags('Accounts')
@Controller('auth/google')
export class GoogleController {
  constructor(
    private readonly google: GoogleClient,
    private readonly redirects: RedirectSignInService,
    private readonly tokens: TokenSignInService,
  ) {}

  @Get()
  @Redirect()
  @BeginEndpoint('Google')
  async begin(
    @Query() query: BeginSignInQuery,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<{ url: string }> {
    const { url, cookies } = await this.redirects.begin(this.google, query, heldCookies(request));
    setCookies(reply, cookies);
    return { url };
  }

  @Get('callback')
  @UseGuards(GoogleArrivalGuard)
  @CallbackEndpoint('Google')
  async callback(
    @Arrived() arrival: Arrival,
    @RequestOrigin() origin: Origin,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await answer(reply, await this.redirects.end('google', arrival, origin, isForPage(request)));
  }

  @Post('token')
  @TokenEndpoint('Google', 'the ID token')
  async token(
    @Body() { idToken: token, nonce, ...completion }: GoogleTokenRequest,
    @RequestOrigin() origin: Origin,
  ): Promise<SessionResponse> {
    const { user, pair } = await this.tokens.signIn(this.google, { token, nonce }, completion, origin);
    return toSessionResponse(user, pair);
  }
}
