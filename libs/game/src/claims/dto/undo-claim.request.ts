import { ApiProperty } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { FreeText } from './free-text.decorator';

export class UndoClaimRequest {
  @ApiProperty({ description: 'Why the hand-over is taken back.', minLength: 1, maxLength: 500 })
  @Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? value.trim() : value))
  @FreeText({ min: 1, max: 500 })
  reason: string;
}
