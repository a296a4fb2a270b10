import { ApiPropertyOptional, PartialType } from '@nestjs/swagger';
import { type Language, LANGUAGES } from '@tiptop/platform';
import { IsBoolean, IsIn, ValidateIf } from 'class-validator';
import { type Gender, GENDERS } from '../user.entity';
import { BirthDateField, NameField } from '../user-fields.decorators';

class PersonFields {
  @NameField('Camille')
  firstName: string;

  @NameField('Martin')
  lastName: string;

  @BirthDateField()
  birthDate: string;
}

/** What a person may change of their own profile. */
export class UpdateMeRequest extends PartialType(PersonFields, { skipNullProperties: false }) {
  @ApiPropertyOptional({ enum: GENDERS, type: String, nullable: true })
  @ValidateIf((_, value) => value !== undefined && value !== null)
  @IsIn(GENDERS)
  gender?: Gender | null;

  @ApiPropertyOptional({ enum: LANGUAGES, description: 'Of letters.' })
  @ValidateIf((_, value) => value !== undefined)
  @IsIn(LANGUAGES)
  language?: Language;

  @ApiPropertyOptional()
  @ValidateIf((_, value) => value !== undefined)
  @IsBoolean()
  newsletter?: boolean;
}
