import { ApiPropertyOptional } from '@nestjs/swagger';
import { ValidateIf } from 'class-validator';
import { KnownPasswordField } from '../../users/user-fields.decorators';
import { SecondFactorField } from './second-factor-field.decorator';

/** Who asks proves to be the owner, and not somebody at their open screen. */
export class SetUpSecondFactorRequest {
  @ValidateIf((_, value) => value !== undefined)
  @KnownPasswordField()
  @ApiPropertyOptional({ description: 'Of accounts that have one.' })
  currentPassword?: string;

  /** Of the authenticator that is on, to replace it. */
  @SecondFactorField({ required: false })
  code?: string;
}
