import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { EmailField, NameField } from '@tiptop/auth';
import { type Language, LANGUAGES } from '@tiptop/platform';
import { IsIn, ValidateIf } from 'class-validator';

const STAFF_ROLES = ['employee', 'admin'] as const;

export class CreateStaffRequest {
  @EmailField()
  email: string;

  @NameField('Alix')
  firstName: string;

  @NameField('Bernard')
  lastName: string;

  @ApiProperty({ enum: STAFF_ROLES })
  @IsIn(STAFF_ROLES)
  role: (typeof STAFF_ROLES)[number];

  @ApiPropertyOptional({ enum: LANGUAGES, default: 'fr', description: 'Of letters, the invitation first.' })
  @ValidateIf((_, value) => value !== undefined)
  @IsIn(LANGUAGES)
  language?: Language;
}
