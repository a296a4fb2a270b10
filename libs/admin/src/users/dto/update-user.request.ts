import { ApiPropertyOptional, PartialType } from '@nestjs/swagger';
import { NameField, type Role, ROLES } from '@tiptop/auth';
import { IsBoolean, IsIn, ValidateIf } from 'class-validator';

class NameFields {
  @NameField('Alix')
  firstName: string;

  @NameField('Bernard')
  lastName: string;
}

/** What an administrator may change of an account, their own among them. */
export class UpdateUserRequest extends PartialType(NameFields, { skipNullProperties: false }) {
  @ApiPropertyOptional({ enum: ROLES })
  @ValidateIf((_, value) => value !== undefined)
  @IsIn(ROLES)
  role?: Role;

  @ApiPropertyOptional({ description: 'False archives the account, true restores it.' })
  @ValidateIf((_, value) => value !== undefined)
  @IsBoolean()
  isActive?: boolean;
}
