import { KnownPasswordField, NewPasswordField } from '../user-fields.decorators';

export class ChangePasswordRequest {
  @KnownPasswordField()
  currentPassword: string;

  @NewPasswordField()
  password: string;
}
