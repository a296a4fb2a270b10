import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { isCalendarDay } from '@tiptop/platform';
import { Transform } from 'class-transformer';
import { IsEmail, IsString, Matches, MaxLength, MinLength, ValidateBy } from 'class-validator';
import { PASSWORD_MAX_LENGTH, PASSWORD_MIN_LENGTH } from '../passwords/password-policy';

const trimmed = Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? value.trim() : value));

/** An e-mail address, at most 254 characters (RFC 5321); none of the quoted ones, which may hold line breaks. */
export function EmailField(): PropertyDecorator {
  return applyDecorators(
    ApiProperty({ format: 'idn-email', maxLength: 254, example: 'camille@example.fr' }),
    trimmed,
    IsEmail({ allow_utf8_local_part: true }),
    MaxLength(254),
    Matches(/^[^\p{C}\p{Z}"\\]*$/u, { message: 'emailCharacters' }),
  );
}

/** A first or last name: 1 to 100 characters, no control characters, no angle brackets. */
export function NameField(example: string): PropertyDecorator {
  return applyDecorators(
    ApiProperty({ minLength: 1, maxLength: 100, example }),
    trimmed,
    IsString(),
    MinLength(1),
    MaxLength(100),
    Matches(/^[^\p{Cc}<>]*$/u, { message: 'nameCharacters' }),
  );
}

/** A day of birth between 1900 and this year, `YYYY-MM-DD`. */
export function BirthDateField(): PropertyDecorator {
  return applyDecorators(
    ApiProperty({ format: 'date', example: '1990-05-17' }),
    ValidateBy({ name: 'isCalendarDay', validator: { validate: (value) => isCalendarDay(value) && value >= '1900' } }),
  );
}

/** A password that is about to be set; how strong it is the policy says. */
export function NewPasswordField(): PropertyDecorator {
  return applyDecorators(
    ApiProperty({
      format: 'password',
      minLength: PASSWORD_MIN_LENGTH,
      maxLength: PASSWORD_MAX_LENGTH,
      description: 'At least ten characters, and hard to guess; there are no rules about kinds of characters.',
      example: 'trois-tasses-de-sencha',
    }),
    IsString(),
    MaxLength(PASSWORD_MAX_LENGTH),
  );
}

/** A password that is compared with the one on record. */
export function KnownPasswordField(): PropertyDecorator {
  return applyDecorators(
    ApiProperty({ format: 'password', maxLength: PASSWORD_MAX_LENGTH, example: 'trois-tasses-de-sencha' }),
    IsString(),
    MinLength(1),
    MaxLength(PASSWORD_MAX_LENGTH),
  );
}
