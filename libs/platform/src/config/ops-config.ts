/** A store that speaks the S3 API: AWS, Ceph, MinIO, or Google's by its interoperability endpoint. */
export interface S3Config {
  endpoint: string;
  region: string;
  bucket: string;
  /** Without slashes at its ends; may be empty. */
  prefix: string;
  accessKeyId: string;
  secretAccessKey: string;
}

/** The backup server. */
export interface SftpConfig {
  host: string;
  port: number;
  user: string;
  /** Absolute folder on the server. */
  path: string;
  /** File of the private key, in OpenSSH's format. */
  keyFile: string;
  /** The server's public key as known_hosts has it: `ssh-ed25519 AAAA…`. */
  hostKey: string;
}

export const OPS_ENVIRONMENTS = ['dev', 'preprod', 'prod'] as const;
export type OpsEnvironment = (typeof OPS_ENVIRONMENTS)[number];

export const DEPLOY_SWITCHES = ['rolling', 'recreate'] as const;
/** `rolling`: the new container beside the old one until it has proved itself. `recreate`: in its place. */
export type DeploySwitch = (typeof DEPLOY_SWITCHES)[number];

/** Where an environment stands, and how another release comes there. */
export interface DeployConfig {
  /** Folder of the environment on its host: compose files, settings, secrets. Absolute. */
  path: string;
  /** `host[:port][/prefix]`, as an image's name begins; undefined where nothing can be deployed. */
  registry: string | undefined;
  /** Whether the environment has a frontend. */
  frontend: boolean;
  switch: DeploySwitch;
  /** Who deploys, as the records tell it. */
  by: string;
  /** Folder with the files of the release: the checkout. Absolute. */
  source: string;
  /** How often a new release is asked for its health, and the pause between. */
  healthTries: number;
  healthSeconds: number;
  /** Folder of the container engine's command line, with the logins at registries; its own default where undefined. */
  dockerConfig: string | undefined;
}

/** How backups are made, kept and told of, and releases deployed. What is undefined or empty is switched off. */
export interface OpsConfig {
  /** Which of the installations this is. */
  environment: OpsEnvironment;
  /** Commit that this service was built from, where its image tells. */
  revision: string | undefined;
  /** Whether this process runs what the calendar asks for. */
  scheduler: boolean;
  /** Cron line, UTC. */
  backupCron: string;
  /** Absolute path. */
  backupDir: string;
  /** What is dumped; the service's own database where undefined. Its role reads everything. */
  backupDatabaseUrl: string | undefined;
  /** Server on which a dump is restored for a look; the database's own where undefined. */
  scratchDatabaseUrl: string | undefined;
  /** Public keys, `age1…`. */
  ageRecipients: readonly string[];
  /** Identity with which the weekly drill opens an archive. */
  drillKeyFile: string | undefined;
  /** Bytes left free on every file system, whatever is written. */
  reserveBytes: number;
  /** Without a byte for so long a step is taken for dead. */
  stallSeconds: number;
  /** A step may not take longer. */
  stepSeconds: number;
  /** How often a step is tried, and the first pause between; it doubles. */
  attempts: number;
  retrySeconds: number;
  s3: S3Config | undefined;
  sftp: SftpConfig | undefined;
  /** `unix:///var/run/docker.sock` or `tcp://…`. */
  dockerHost: string | undefined;
  images: readonly string[];
  configPaths: readonly string[];
  optionalConfigPaths: readonly string[];
  jenkinsHome: string | undefined;
  alertEmails: readonly string[];
  alertWebhookUrl: string | undefined;
  /** The newest verified remote backup may be so old. */
  staleAfterHours: number;
  keep: {
    dailyDays: number;
    weeklyWeeks: number;
    monthlyMonths: number;
    preDeploy: number;
    localDays: number;
    remoteDays: number;
    /** Verified backups that are never removed, the newest ones. */
    floor: number;
    /** Most backups that one pruning removes in one place. */
    removeAtMost: number;
  };
  deploy: DeployConfig;
}
