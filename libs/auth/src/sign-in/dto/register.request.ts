import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsIn, ValidateIf } from 'class-validator';
import { type Gender, GENDERS } from '../../users/user.entity';
import { BirthDateField, EmailField, NameField, NewPasswordField } from '../../users/user-fields.decorators';

export class RegisterRequest {
  @EmailField()
  email: string;

  @NewPasswordField()
  password: string;

  @NameField('Camille')
  firstName: string;

  @NameField('Martin')
  lastName: string;

  @BirthDateField()
  birthDate: string;

  // Left out means not accepted, which has an error of its own.
  @ApiProperty({ type: Boolean, enum: [true], description: 'The contest’s terms are accepted.' })
  @ValidateIf((_, value) => value !== undefined)
  @IsBoolean()
  acceptTerms?: boolean;

  @ApiPropertyOptional({ default: false })
  @ValidateIf((_, value) => value !== undefined)
  @IsBoolean()
  newsletter?: boolean;

  @ApiPropertyOptional({ enum: GENDERS })
  @ValidateIf((_, value) => value !== undefined)
  @IsIn(GENDERS)
  gender?: Gender;
}
