import { Body, Controller, Ip, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { type Account, CurrentAccount, Endpoint } from '@tiptop/auth';
import { PlayBody } from './dto/play.request';
import { PlayResponse, toPlayResponse } from './dto/play.response';
import { IdempotencyKey } from './idempotency-key.decorator';
import { PlaysService } from './plays.service';

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
    @IdempotencyKey() idempotencyKey?: string,
  ): Promise<PlayResponse> {
    return toPlayResponse(await this.plays.play(account, { code: body.code, idempotencyKey, address }));
  }
}
