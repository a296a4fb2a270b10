import { EmailField, NewPasswordField } from '../../users/user-fields.decorators';
import { MailTokenField } from './mail-token.request';

export class ForgotPasswordRequest {
  @EmailField()
  email: string;
}

export class ResetPasswordRequest {
  @MailTokenField()
  token: string;

  @NewPasswordField()
  password: string;
}
