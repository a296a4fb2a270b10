import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { isCalendarDay } from '@tiptop/platform';
import { Transform } from 'class-transformer';
import { IsString, Matches, MaxLength, MinLength, ValidateBy } from 'class-validator';

const TIME = /^T([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,3})?)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/;
const trimmed = Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? value.trim() : value));

/** Whether a text is an instant of a real day, with its offset from UTC; a year of the twenty-first century. */
export function isInstant(text: unknown): text is string {
  return typeof text === 'string' && /^20/.test(text) && isCalendarDay(text.slice(0, 10)) && TIME.test(text.slice(10));
}

/** A date and time with its offset: no date of a contest depends on where the reader lives. */
export function InstantField(description: string): PropertyDecorator {
  return applyDecorators(
    ApiProperty({ format: 'date-time', description, example: '2026-11-01T09:00:00+01:00' }),
    ValidateBy({ name: 'isInstant', validator: { validate: isInstant } }),
  );
}

/** What something is called where customers read it: one line, no angle brackets. */
export function LabelField(
  example: string,
  { min = 1, max = 100 }: { min?: number; max?: number } = {},
): PropertyDecorator {
  return applyDecorators(
    ApiProperty({ minLength: min, maxLength: max, example }),
    trimmed,
    IsString(),
    MinLength(min),
    MaxLength(max),
    Matches(/^[^\p{Cc}\u2028\u2029<>]*$/u),
  );
}
