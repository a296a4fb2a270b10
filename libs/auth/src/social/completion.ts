import type { Language } from '@tiptop/platform';
import type { NewUser } from '../users/users.service';
import { TermsNotAccepted } from '../users/user.errors';
import type { ProviderProfile } from './provider-profile';
import { ProfileIncomplete } from './social.errors';

/** What a person adds to what a provider tells. */
export interface Completion {
  birthDate?: string;
  acceptTerms?: boolean;
  newsletter?: boolean;
  email?: string;
  firstName?: string;
  lastName?: string;
  secondFactor?: string;
}

/**
 * The account to be made at a first sign-in. What the provider tells comes first: a typed address counts only where it
 * tells none, and is not known to be theirs.
 * @throws ProfileIncomplete naming all that is missing, TermsNotAccepted
 */
export function newPersonOf(profile: ProviderProfile, completion: Completion, language: Language): NewUser {
  const { birthDate, acceptTerms, newsletter } = completion;
  const email = profile.email ?? completion.email;
  const firstName = profile.firstName ?? completion.firstName;
  const lastName = profile.lastName ?? completion.lastName;
  const required = { email, firstName, lastName, birthDate, acceptTerms };
  if (
    email === undefined ||
    firstName === undefined ||
    lastName === undefined ||
    birthDate === undefined ||
    acceptTerms === undefined
  ) {
    const missing = Object.entries(required).filter(([, value]) => value === undefined);
    throw new ProfileIncomplete(missing.map(([path]) => ({ path, message: 'missing' })));
  }
  if (!acceptTerms) throw new TermsNotAccepted();
  return {
    email,
    password: null,
    firstName,
    lastName,
    birthDate,
    newsletter,
    language,
    role: 'customer',
    acceptsTerms: true,
    emailVerified: profile.emailVerified,
  };
}
