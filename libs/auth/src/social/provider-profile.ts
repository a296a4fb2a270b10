import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import { EmailField, NameField } from '../users/user-fields.decorators';
import { OAuthRefused } from './social.errors';

/** What a provider says of a person. */
export interface ProviderProfile {
  subject: string;
  email: string | null;
  /** Whether the provider vouches that the address is the person's. */
  emailVerified: boolean;
  firstName: string | null;
  lastName: string | null;
}

const SUBJECT_LENGTH = 255;
const NAME_LENGTH = 100;

class PersonFields {
  @EmailField()
  email: unknown;

  @NameField('Camille')
  firstName: unknown;

  @NameField('Martin')
  lastName: unknown;
}

/**
 * What a provider says, held to the rules that a person's own words are held to: what breaks them counts as not told.
 * @throws OAuthRefused where it does not say who it speaks of
 */
export function profileOf(told: {
  subject: unknown;
  email?: unknown;
  emailVerified?: boolean;
  firstName?: unknown;
  lastName?: unknown;
}): ProviderProfile {
  const { subject } = told;
  if (typeof subject !== 'string' || subject === '' || subject.length > SUBJECT_LENGTH || subject.includes('\0')) {
    throw new OAuthRefused(new Error('The provider names no subject'));
  }
  const fields = plainToInstance(PersonFields, {
    email: told.email,
    firstName: tidied(told.firstName),
    lastName: tidied(told.lastName),
  });
  const broken = new Set(validateSync(fields).map(({ property }) => property));
  const kept = (name: keyof PersonFields): string | null => (broken.has(name) ? null : (fields[name] as string));
  const email = kept('email');
  return {
    subject,
    email,
    emailVerified: email !== null && told.emailVerified === true,
    firstName: kept('firstName'),
    lastName: kept('lastName'),
  };
}

/** A name without what a name here may not have, so that nobody is asked again for one that is nearly right. */
function tidied(name: unknown): unknown {
  if (typeof name !== 'string') return name;
  const clean = name
    .replace(/[\p{Cc}\p{Cs}<>]/gu, ' ')
    .replace(/\s+/gu, ' ')
    .trim();
  // Not half a character at the end.
  return clean.slice(0, NAME_LENGTH).replace(/\p{Cs}$/u, '');
}
