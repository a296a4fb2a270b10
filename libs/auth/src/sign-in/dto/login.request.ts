import { EmailField, KnownPasswordField } from '../../users/user-fields.decorators';

export class LoginRequest {
  @EmailField()
  email: string;

  @KnownPasswordField()
  password: string;
}
