import { ApiPropertyOptional } from '@nestjs/swagger';
import { PageQuery } from '@tiptop/platform';
import { Transform } from 'class-transformer';
import { IsBoolean, IsOptional } from 'class-validator';

export class StoresQuery extends PageQuery {
  @ApiPropertyOptional({ type: Boolean, description: 'Only those where prizes are handed over, or only the others.' })
  @IsOptional()
  // Of a query every value is a text.
  @Transform(({ value }: { value: unknown }) => (value === 'true' ? true : value === 'false' ? false : value))
  @IsBoolean()
  isActive?: boolean;
}
