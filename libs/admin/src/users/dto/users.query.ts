import { ApiPropertyOptional } from '@nestjs/swagger';
import { type Role, ROLES } from '@tiptop/auth';
import { FreeText } from '@tiptop/game';
import { PageQuery } from '@tiptop/platform';
import { Transform } from 'class-transformer';
import { IsBoolean, IsIn, IsOptional } from 'class-validator';

export const USER_SORTS = ['-createdAt', 'createdAt', 'name', '-name', '-lastActiveAt', 'lastActiveAt'] as const;
export type UserSort = (typeof USER_SORTS)[number];

export class UsersQuery extends PageQuery {
  @ApiPropertyOptional({
    description:
      'Parts of a name or e-mail address; one or two characters by themselves are looked for at the beginning of a name, a ' +
      'part of one with a hyphen, or the e-mail address.',
    maxLength: 200,
  })
  @IsOptional()
  @FreeText({ max: 200 })
  search?: string;

  @ApiPropertyOptional({ enum: ROLES })
  @IsOptional()
  @IsIn(ROLES)
  role?: Role;

  @ApiPropertyOptional({ type: Boolean, description: 'False for those that were archived.' })
  @IsOptional()
  @Transform(({ value }: { value: unknown }) => (value === 'true' ? true : value === 'false' ? false : value))
  @IsBoolean()
  isActive?: boolean;

  @ApiPropertyOptional({ enum: USER_SORTS, default: '-createdAt', description: '`name` is the last name first.' })
  @IsIn(USER_SORTS)
  sort: UserSort = '-createdAt';
}
