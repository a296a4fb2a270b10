import type { LogLevel } from '../logging/logger';

/** How many failures are borne within a window, and how long a refusal lasts: it doubles with each block of a day. */
export interface AttemptBudget {
  windowSeconds: number;
  blockSeconds: number;
  maxBlockSeconds: number;
}

export type AppConfigValues = Omit<AppConfig, 'isProduction' | 'with'>;

/** Every setting of the service, read and validated once at boot. Injected by its class, never read from elsewhere. */
export class AppConfig {
  readonly environment: 'development' | 'test' | 'production';
  readonly logLevel: LogLevel;
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** 0 lets the system choose. */
  readonly metricsPort: number;
  /** Absolute path. */
  readonly dataDir: string;
  readonly publicUrl: string | undefined;
  readonly corsOrigins: readonly string[];
  /** Addresses and CIDR ranges whose X-Forwarded-For is believed. */
  readonly trustedProxies: readonly string[];
  readonly requestTimeoutMs: number;
  /** Undefined: the embedded database under `dataDir`. */
  readonly databaseUrl: string | undefined;
  readonly databasePoolSize: number;
  readonly jwtSecret: string;
  readonly deckSecret: string;
  readonly accessTokenTtlSeconds: number;
  readonly refreshTokenTtlSeconds: number;
  /** In whole years. */
  readonly minimumAge: number;
  readonly termsVersion: string;
  /** IANA name; where a birthday begins. */
  readonly timeZone: string;
  readonly staffMayPlay: boolean;
  readonly codeAttempts: AttemptBudget & { account: number; underPressure: number; address: number; contest: number };
  readonly loginAttempts: AttemptBudget & { account: number; address: number };

  constructor(values: AppConfigValues) {
    Object.assign(this, values);
  }

  /** The same settings but for some. */
  with(changes: Partial<AppConfigValues>): AppConfig {
    return new AppConfig(Object.assign({}, this as AppConfigValues, changes));
  }

  get isProduction(): boolean {
    return this.environment === 'production';
  }
}
