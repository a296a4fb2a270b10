/** The service can't be given a role of its own as things are; the message is all that an operator needs. */
export class ServiceRoleError extends Error {
  constructor(message: string) {
    super(`DATABASE_SERVICE_ROLE: ${message}`);
  }
}
