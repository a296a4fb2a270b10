/** The kinds of letters about an account, as they stand in the queue. */
export const VERIFY_EMAIL_MAIL = 'verify-email';
export const RESET_PASSWORD_MAIL = 'reset-password';
export const PASSWORD_CHANGED_MAIL = 'password-changed';
export const SECOND_FACTOR_ON_MAIL = 'second-factor-on';
export const SECOND_FACTOR_OFF_MAIL = 'second-factor-off';
export const IDENTITY_LINKED_MAIL = 'identity-linked';
export const NEW_DEVICE_MAIL = 'new-device';
export const INVITATION_MAIL = 'invitation';
