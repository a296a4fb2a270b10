import { ResetPasswordRequest } from './password-reset.request';

export class AcceptInvitationRequest extends ResetPasswordRequest {}
