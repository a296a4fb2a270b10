import type { LogLevel } from '../logging/logger';
import type { OpsConfig } from './ops-config';

/** How many failures are borne within a window, and how long a refusal lasts: it doubles with each block of a day. */
export interface AttemptBudget {
  windowSeconds: number;
  blockSeconds: number;
  maxBlockSeconds: number;
}

/** How Google is asked who somebody is. */
export interface GoogleConfig {
  clientId: string;
  clientSecret: string;
  /** OpenID issuer; its endpoints and keys are discovered from it. */
  issuer: string;
  /** Further client ids that an idToken of a mobile client may be for. */
  mobileClientIds: readonly string[];
}

/** How Facebook is asked who somebody is. */
export interface FacebookConfig {
  appId: string;
  appSecret: string;
  dialogUrl: string;
  graphUrl: string;
}

/** How letters leave. */
export interface MailConfig {
  /** Undefined: letters are written to `dataDir`/mail. */
  smtpUrl: string | undefined;
  from: string;
  /** Whether this process delivers what waits; it may always add to it. */
  delivery: boolean;
  /** First pause before a letter is tried again; it doubles each time. */
  retrySeconds: number;
  retryMaxSeconds: number;
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
  /** The database role that the service signs in as, if it is not the owner's; migrations grant it what it needs. */
  readonly databaseServiceRole: string | undefined;
  readonly jwtSecret: string;
  readonly deckSecret: string;
  /** Seals second factors, and makes the tokens in letters; to be kept. */
  readonly accountSecret: string;
  /** Undefined: there is no sign-in with Google. */
  readonly google: GoogleConfig | undefined;
  /** Undefined: there is no sign-in with Facebook. */
  readonly facebook: FacebookConfig | undefined;
  /** How long a provider may take to answer. */
  readonly providerTimeoutMs: number;
  /** Where a sign-in in a browser may return to; the first is the default. */
  readonly webReturnUrls: readonly string[];
  /** Where the links in letters lead, without a slash at its end. */
  readonly webUrl: string;
  readonly mail: MailConfig;
  /** Whether administrators must sign in with a second factor. */
  readonly adminSecondFactor: boolean;
  /** How long after the sign-in a session of an employee or administrator ends. */
  readonly staffSessionTtlSeconds: number;
  /** Customers' accounts without activity for so many days are erased; looked for by this cron line (UTC). */
  readonly retention: { inactiveDays: number; cron: string };
  /** Network addresses go out of audit entries after so many days, by the same run. */
  readonly auditAddressDays: number;
  readonly accessTokenTtlSeconds: number;
  readonly refreshTokenTtlSeconds: number;
  /** In whole years. */
  readonly minimumAge: number;
  readonly termsVersion: string;
  /** IANA name; where a birthday begins. */
  readonly timeZone: string;
  readonly staffMayPlay: boolean;
  readonly codeAttempts: AttemptBudget & { account: number; underPressure: number; address: number; contest: number };
  /** `everywhere`: of one account from all addresses together; `underPressure`: see SignInBudget. */
  readonly loginAttempts: AttemptBudget & {
    account: number;
    address: number;
    everywhere: number;
    underPressure: number;
  };
  /** Accounts and new passwords that may be made from one address. */
  readonly registrations: AttemptBudget & { address: number };
  /** Letters that may be asked for without signing in, or again. */
  readonly mailRequests: AttemptBudget & { account: number; address: number };

  /** Backups and what is around them. */
  readonly ops: OpsConfig;

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
