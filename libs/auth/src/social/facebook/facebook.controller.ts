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
import { FacebookArrivalGuard } from './facebook-arrival.guard';
import { FacebookClient } from './facebook-client';
import { FacebookTokenRequest } from './facebook-token.request';

@ApiTags('Accounts')
@Controller('auth/facebook')
export class FacebookController {
  constructor(
    private readonly facebook: FacebookClient,
    private readonly redirects: RedirectSignInService,
    private readonly tokens: TokenSignInService,
  ) {}

  @Get()
  @Redirect()
  @BeginEndpoint('Facebook')
  async begin(
    @Query() query: BeginSignInQuery,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<{ url: string }> {
    const { url, cookies } = await this.redirects.begin(this.facebook, query, heldCookies(request));
    setCookies(reply, cookies);
    return { url };
  }

  @Get('callback')
  @UseGuards(FacebookArrivalGuard)
  @CallbackEndpoint('Facebook')
  async callback(
    @Arrived() arrival: Arrival,
    @RequestOrigin() origin: Origin,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await answer(reply, await this.redirects.end('facebook', arrival, origin, isForPage(request)));
  }

  @Post('token')
  @TokenEndpoint('Facebook', 'the access token')
  async token(
    @Body() { accessToken: token, ...completion }: FacebookTokenRequest,
    @RequestOrigin() origin: Origin,
  ): Promise<SessionResponse> {
    const { user, pair } = await this.tokens.signIn(this.facebook, { token }, completion, origin);
    return toSessionResponse(user, pair);
  }
}
