import type { AppConfigValues } from '@tiptop/platform';

// A port where nobody listens.
const NOWHERE = 'http://127.0.0.1:9';

/** Both providers of sign-ins, for tests of what there is, not of what it does: whoever asks one gets no answer. */
export const UNASKED_PROVIDERS: Pick<AppConfigValues, 'google' | 'facebook'> = {
  google: { clientId: 'unused', clientSecret: 'unused', issuer: NOWHERE, mobileClientIds: [] },
  facebook: { appId: 'unused', appSecret: 'unused', dialogUrl: NOWHERE, graphUrl: NOWHERE },
};
