import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { isCalendarDay } from '@tiptop/platform';
import { IsOptional, ValidateBy } from 'class-validator';

const TIME = /^T([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,9})?)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/;

/** Whether a text is a real day, or an instant of one with its offset from UTC. */
export function isMomentOrDay(text: unknown): text is string {
  return (
    typeof text === 'string' && isCalendarDay(text.slice(0, 10)) && (text.length === 10 || TIME.test(text.slice(10)))
  );
}

/** A bound of a period: an instant, or a day of the contest's time zone, which is meant as a whole. */
export function PeriodField(description: string): PropertyDecorator {
  return applyDecorators(
    ApiPropertyOptional({ description, example: '2026-11-22' }),
    IsOptional(),
    ValidateBy({ name: 'isMomentOrDay', validator: { validate: isMomentOrDay } }),
  );
}
