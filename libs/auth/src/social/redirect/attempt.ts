/** A sign-in that a browser began and that is under way at a provider. */
export interface Attempt {
  /** Comes back in the address, and must be the one that this browser was given. */
  state: string;
  /** Comes back in the ID token. */
  nonce: string;
  /** Of the provider's code (RFC 7636). */
  codeVerifier: string;
  /** Where the browser goes in the end; null where the callback itself answers. */
  returnUrl: string | null;
  /** Of our own code, from the web client; null where it sent none. */
  challenge: string | null;
  expiresAt: Date;
}
