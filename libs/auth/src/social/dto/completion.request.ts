import { ApiPropertyOptional, PartialType } from '@nestjs/swagger';
import { IsBoolean, ValidateIf } from 'class-validator';
import { SecondFactorField } from '../../second-factor/dto/second-factor-field.decorator';
import { BirthDateField, EmailField, NameField } from '../../users/user-fields.decorators';
import type { Completion } from '../completion';

class PersonFields {
  @BirthDateField()
  birthDate: string;

  @EmailField()
  email: string;

  @NameField('Camille')
  firstName: string;

  @NameField('Martin')
  lastName: string;
}

/**
 * What a first sign-in needs beside what the provider tells: always birthDate and acceptTerms; e-mail and names where
 * the provider tells none, and are passed over where it does.
 */
export class CompletionRequest extends PartialType(PersonFields, { skipNullProperties: false }) implements Completion {
  // False has an error of its own.
  @ApiPropertyOptional({ type: Boolean, enum: [true], description: 'The contest’s terms are accepted.' })
  @ValidateIf((_, value) => value !== undefined)
  @IsBoolean()
  acceptTerms?: boolean;

  @ApiPropertyOptional({ default: false })
  @ValidateIf((_, value) => value !== undefined)
  @IsBoolean()
  newsletter?: boolean;

  @SecondFactorField({ required: false })
  secondFactor?: string;
}
