export const ROLES = ['customer', 'employee', 'admin'] as const;
export type Role = (typeof ROLES)[number];
