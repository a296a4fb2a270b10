import { SecondFactorField } from '../../second-factor/dto/second-factor-field.decorator';
import { EmailField, KnownPasswordField } from '../../users/user-fields.decorators';

export class LoginRequest {
  @EmailField()
  email: string;

  @KnownPasswordField()
  password: string;

  @SecondFactorField({ required: false })
  secondFactor?: string;
}
