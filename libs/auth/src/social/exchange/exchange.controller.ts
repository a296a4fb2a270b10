import { Body, Controller, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Endpoint } from '../../access/endpoint.decorator';
import { SessionResponse, toSessionResponse } from '../../sign-in/dto/session.response';
import { type Origin, RequestOrigin } from '../../sign-in/origin';
import { SIGN_IN_ERRORS } from '../social-endpoints';
import { ExchangeRequest } from './exchange.request';
import { ExchangeService } from './exchange.service';

@ApiTags('Accounts')
@Controller('auth/exchange')
export class ExchangeController {
  constructor(private readonly service: ExchangeService) {}

  @Post()
  @Endpoint({
    access: 'public',
    summary: 'Exchange the code of a sign-in with Google or Facebook for a session',
    description: 'On PROFILE_INCOMPLETE or SECOND_FACTOR_REQUIRED, send the same code again with what is asked for.',
    status: 200,
    answer: SessionResponse,
    errors: ['INVALID_TOKEN', ...SIGN_IN_ERRORS],
  })
  async exchange(@Body() body: ExchangeRequest, @RequestOrigin() origin: Origin): Promise<SessionResponse> {
    const { user, pair } = await this.service.exchange(body, origin);
    return toSessionResponse(user, pair);
  }
}
