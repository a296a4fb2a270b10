import { Body, Controller, Headers, Ip, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { type Account, CurrentAccount, Endpoint } from '@tiptop/auth';
import { ValidationFailed } from '@tiptop/platform';
import { PlayBody } from './dto/play.request';
import { PlayResponse, toPlayResponse } from './dto/play.response';
import { PlaysService } from './plays.service';

const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,255}$/;

@ApiTags('Game')
@Controller('tickets')
export class PlaysController {
  constructor(private readonly plays: PlaysService) {}

  @Post('play')
  @Endpoint({
    access: 'signed-in',
    summary: 'Play a ticket and learn its prize',
    status: 200,
    answer: PlayResponse,
    errors: [
      'INVALID_CODE_FORMAT',
      'TICKET_NOT_FOUND',
      'TICKET_ALREADY_PLAYED',
      'IDEMPOTENCY_KEY_REUSED',
      'CONTEST_NOT_OPEN',
      'STAFF_EXCLUDED',
      'TOO_MANY_ATTEMPTS',
    ],
    headers: {
      'Idempotency-Key':
        'Chosen by the client, 1 to 255 visible characters: the same play sent again gets the same answer.',
    },
  })
  async play(
    @CurrentAccount() account: Account,
    @Body() body: PlayBody,
    @Ip() address: string,
    @Headers('idempotency-key') idempotencyKey?: string,
  ): Promise<PlayResponse> {
    if (idempotencyKey !== undefined && !IDEMPOTENCY_KEY.test(idempotencyKey)) {
      throw new ValidationFailed([{ path: 'Idempotency-Key', message: 'idempotencyKey' }]);
    }
    return toPlayResponse(await this.plays.play(account, { code: body.code, idempotencyKey, address }));
  }
}
