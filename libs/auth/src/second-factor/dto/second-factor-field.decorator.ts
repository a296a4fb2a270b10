import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { IsString, MaxLength, MinLength, ValidateIf } from 'class-validator';

const MAX_LENGTH = 64;

/** A code of the authenticator, or a recovery code. */
export function SecondFactorField({ required }: { required: boolean }): PropertyDecorator {
  return applyDecorators(
    ApiProperty({
      required,
      minLength: 1,
      maxLength: MAX_LENGTH,
      description: 'The six digits that the authenticator shows, or a recovery code.',
      example: '492039',
    }),
    ...(required ? [] : [ValidateIf((_, value) => value !== undefined)]),
    IsString(),
    MinLength(1),
    MaxLength(MAX_LENGTH),
  );
}
