import { Body, Controller, Delete, Get, Ip, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Account } from '../access/account';
import { CurrentAccount } from '../access/current-account.decorator';
import { Endpoint } from '../access/endpoint.decorator';
import { SecondFactorCodeRequest } from './dto/second-factor-code.request';
import {
  RecoveryCodesResponse,
  SecondFactorResponse,
  SecondFactorSetUpResponse,
  toSecondFactorResponse,
} from './dto/second-factor.response';
import { SetUpSecondFactorRequest } from './dto/set-up-second-factor.request';
import { SecondFactorService } from './second-factor.service';

@ApiTags('Accounts')
@Controller('users/me/second-factor')
export class SecondFactorController {
  constructor(private readonly secondFactor: SecondFactorService) {}

  @Get()
  @Endpoint({
    access: 'signed-in',
    summary: 'Whether my account has a second factor',
    status: 200,
    answer: SecondFactorResponse,
  })
  async get(@CurrentAccount() account: Account): Promise<SecondFactorResponse> {
    return toSecondFactorResponse(await this.secondFactor.state(account));
  }

  @Post()
  @Endpoint({
    access: 'signed-in',
    summary: 'Begin with an authenticator (TOTP)',
    description:
      'It counts once it is confirmed. Where another one is on, a code of that one, or a recovery code, lets this one ' +
      'take its place.',
    status: 201,
    answer: SecondFactorSetUpResponse,
    errors: ['INVALID_CREDENTIALS', 'SECOND_FACTOR_ALREADY_ON', 'INVALID_SECOND_FACTOR', 'TOO_MANY_ATTEMPTS'],
  })
  async setUp(
    @CurrentAccount() account: Account,
    @Ip() address: string,
    @Body() body: SetUpSecondFactorRequest,
  ): Promise<SecondFactorSetUpResponse> {
    return this.secondFactor.setUp(account, address, body);
  }

  @Post('confirm')
  @Endpoint({
    access: 'signed-in',
    summary: 'Turn my second factor on by showing a code of the new authenticator',
    description: 'This session counts as signed in with it; others have to sign in again to count.',
    status: 200,
    answer: RecoveryCodesResponse,
    errors: ['INVALID_SECOND_FACTOR', 'SECOND_FACTOR_NOT_ON', 'TOO_MANY_ATTEMPTS'],
  })
  async confirm(
    @CurrentAccount() account: Account,
    @Body() { code }: SecondFactorCodeRequest,
  ): Promise<RecoveryCodesResponse> {
    return { recoveryCodes: await this.secondFactor.confirm(account, code) };
  }

  @Post('recovery-codes')
  @Endpoint({
    access: 'signed-in',
    summary: 'Get new recovery codes; the earlier ones are void',
    status: 200,
    answer: RecoveryCodesResponse,
    errors: ['INVALID_SECOND_FACTOR', 'SECOND_FACTOR_NOT_ON', 'TOO_MANY_ATTEMPTS'],
  })
  async renewRecoveryCodes(
    @CurrentAccount() account: Account,
    @Ip() address: string,
    @Body() { code }: SecondFactorCodeRequest,
  ): Promise<RecoveryCodesResponse> {
    return { recoveryCodes: await this.secondFactor.renewRecoveryCodes(account, address, code) };
  }

  @Delete()
  @Endpoint({
    access: 'signed-in',
    summary: 'Turn my second factor off',
    status: 204,
    errors: ['INVALID_SECOND_FACTOR', 'SECOND_FACTOR_NOT_ON', 'SECOND_FACTOR_MANDATORY', 'TOO_MANY_ATTEMPTS'],
  })
  async turnOff(
    @CurrentAccount() account: Account,
    @Ip() address: string,
    @Body() { code }: SecondFactorCodeRequest,
  ): Promise<void> {
    await this.secondFactor.turnOff(account, address, code);
  }
}
