import { ApiProperty } from '@nestjs/swagger';
import { type Language, LANGUAGES } from '@tiptop/platform';
import { ROLES, type Role } from '../access/roles';
import { type Gender, GENDERS, type User } from './user.entity';

/** An account as its owner sees it. */
export class UserResponse {
  @ApiProperty({ description: 'Opaque.', example: '3f0c1de2-5a0e-4d2c-9d0b-0f4b8e0f6a11' })
  id: string;

  @ApiProperty({ format: 'idn-email', example: 'camille@example.fr' })
  email: string;

  @ApiProperty({ example: 'Camille' })
  firstName: string;

  @ApiProperty({ example: 'Martin' })
  lastName: string;

  @ApiProperty({ format: 'date', example: '1990-05-17' })
  birthDate: string;

  @ApiProperty({ enum: GENDERS, type: String, nullable: true })
  gender: Gender | null;

  @ApiProperty({ enum: ROLES })
  role: Role;

  @ApiProperty()
  isActive: boolean;

  @ApiProperty()
  emailVerified: boolean;

  @ApiProperty({ description: 'Whether the newsletter is wanted.' })
  newsletter: boolean;

  @ApiProperty({ enum: LANGUAGES, description: 'Of letters.' })
  language: Language;

  @ApiProperty({ format: 'date-time' })
  createdAt: string;
}

/** The fields of an account that it is shown by. */
export type ShownUser = Pick<User, Exclude<keyof UserResponse, 'emailVerified'> | 'emailVerifiedAt'>;

export function toUserResponse(user: ShownUser): UserResponse {
  return {
    id: user.id,
    email: user.email,
    firstName: user.firstName,
    lastName: user.lastName,
    birthDate: user.birthDate,
    gender: user.gender,
    role: user.role,
    isActive: user.isActive,
    emailVerified: user.emailVerifiedAt !== null,
    newsletter: user.newsletter,
    language: user.language,
    createdAt: user.createdAt.toISOString(),
  };
}
