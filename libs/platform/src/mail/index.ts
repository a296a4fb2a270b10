export * from './mail.module';
export * from './mail-delivery.module';
export * from './mail-files';
export * from './mail-history';
export * from './mail-kinds';
export * from './mail-outbox';
export * from './mail-queue';
export * from './mail-queue-schema';
export { type RenderedMail, renderMail } from './rendered-mail';
