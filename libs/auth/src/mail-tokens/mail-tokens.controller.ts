import { Body, Controller, Ip, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Account } from '../access/account';
import { CurrentAccount } from '../access/current-account.decorator';
import { Endpoint } from '../access/endpoint.decorator';
import { VerifyEmailRequest } from './dto/mail-token.request';
import { ForgotPasswordRequest, ResetPasswordRequest } from './dto/password-reset.request';
import { AcceptInvitationRequest } from './dto/accept-invitation.request';
import { InvitationService } from './invitation.service';
import { EmailVerificationService } from './email-verification.service';
import { PasswordResetService } from './password-reset.service';

@ApiTags('Accounts')
@Controller('auth')
export class MailTokensController {
  constructor(
    private readonly verification: EmailVerificationService,
    private readonly passwordReset: PasswordResetService,
    private readonly invitations: InvitationService,
  ) {}

  @Post('password/forgot')
  @Endpoint({
    access: 'public',
    summary: 'Ask for a letter with which to set a new password',
    description: 'The answer is the same, in the same time, whether or not there is such an account.',
    status: 202,
    errors: ['TOO_MANY_ATTEMPTS'],
  })
  async forgot(@Body() { email }: ForgotPasswordRequest, @Ip() address: string): Promise<void> {
    await this.passwordReset.forgot(email, address);
  }

  @Post('password/reset')
  @Endpoint({
    access: 'public',
    summary: 'Set a new password with the token of that letter; every session ends',
    status: 204,
    errors: ['INVALID_TOKEN', 'WEAK_PASSWORD', 'TOO_MANY_ATTEMPTS'],
  })
  async reset(@Body() { token, password }: ResetPasswordRequest, @Ip() address: string): Promise<void> {
    await this.passwordReset.reset(token, password, address);
  }

  @Post('invitation/accept')
  @Endpoint({
    access: 'public',
    summary: 'Choose the first password of a staff account with the token of its invitation',
    description: 'It shows that the address is mine, too. It opens no session: sign in afterwards.',
    status: 204,
    errors: ['INVALID_TOKEN', 'WEAK_PASSWORD'],
  })
  async acceptInvitation(@Body() { token, password }: AcceptInvitationRequest): Promise<void> {
    await this.invitations.accept(token, password);
  }

  @Post('email/verify')
  @Endpoint({
    access: 'public',
    summary: 'Show by the token of a letter that the address is mine',
    status: 204,
    errors: ['INVALID_TOKEN'],
  })
  async verify(@Body() { token }: VerifyEmailRequest): Promise<void> {
    await this.verification.verify(token);
  }

  @Post('email/resend')
  @Endpoint({
    access: 'signed-in',
    summary: 'Send that letter again',
    status: 202,
    errors: ['TOO_MANY_ATTEMPTS'],
  })
  async resend(@CurrentAccount() account: Account): Promise<void> {
    await this.verification.resend(account.id);
  }
}
