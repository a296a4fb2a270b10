import { applyDecorators } from '@nestjs/common';
import { IsString, Matches, MaxLength, MinLength } from 'class-validator';

// PostgreSQL holds no zero byte in a text, and the other control characters belong in none.
const PRINTABLE = /^(?:\P{Cc}|[\t\n\r])*$/u;

/** A text that a person typed, of several lines perhaps. The faults are told in this order, the first one only. */
export function FreeText({ min = 0, max }: { min?: number; max: number }): PropertyDecorator {
  return applyDecorators(IsString(), MinLength(min), MaxLength(max), Matches(PRINTABLE));
}
