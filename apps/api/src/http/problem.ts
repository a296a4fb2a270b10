import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type { FieldProblem } from '@tiptop/platform';
import { fieldMessage } from './field-messages';
import type { Language } from '@tiptop/platform';
import { type ProblemCode, PROBLEMS } from './problem-catalogue';

class FieldProblemResponse {
  @ApiProperty({ description: 'The way to the field in the body.', example: 'birthDate' })
  path: string;

  @ApiProperty({ description: 'For a person, in the language of the answer.' })
  message: string;
}

/** An error as RFC 9457 wants it. */
export class Problem {
  @ApiProperty({ example: 'urn:tiptop:problem:TICKET_NOT_FOUND' })
  type: string;

  @ApiProperty({ example: 'Ticket inexistant' })
  title: string;

  @ApiProperty({ type: 'integer', example: 404 })
  status: number;

  @ApiProperty({ description: 'For a person, in French or English.', example: 'Aucun ticket ne porte ce code.' })
  detail: string;

  @ApiProperty({ description: 'Stable, for programs.', example: 'TICKET_NOT_FOUND' })
  code: string;

  @ApiProperty({ description: 'Finds this request in the log.' })
  requestId: string;

  @ApiPropertyOptional({ type: [FieldProblemResponse] })
  errors?: FieldProblemResponse[];
}

export interface ProblemDetails {
  params?: Readonly<Record<string, string | number>>;
  fields?: readonly FieldProblem[] | undefined;
}

export function buildProblem(
  code: ProblemCode,
  language: Language,
  requestId: string,
  { params = {}, fields }: ProblemDetails = {},
): Problem {
  const { status, [language]: text } = PROBLEMS[code];
  return {
    type: `urn:tiptop:problem:${code}`,
    title: text.title,
    status,
    detail: text.detail.replace(/\{(\w+)\}/g, (_, name: string) => String(params[name] ?? '')),
    code,
    requestId,
    ...(fields
      ? { errors: fields.map(({ path, message }) => ({ path, message: fieldMessage(message, language) })) }
      : {}),
  };
}
