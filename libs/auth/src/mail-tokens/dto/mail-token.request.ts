import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { IsString, MaxLength } from 'class-validator';

/** A token out of a letter. */
export function MailTokenField(): PropertyDecorator {
  return applyDecorators(
    ApiProperty({ maxLength: 100, description: 'From the link in the letter, after "#token=".' }),
    IsString(),
    MaxLength(100),
  );
}

export class VerifyEmailRequest {
  @MailTokenField()
  token: string;
}
