import { Transform, Type } from 'class-transformer';
import { IsArray, IsIn, IsInt, IsOptional, IsString, IsUrl, Matches, Max, Min, MinLength } from 'class-validator';

const list = Transform(({ value }: { value: unknown }) =>
  typeof value === 'string'
    ? value
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== '')
    : value,
);

const SECRET_LENGTH = { message: 'must be at least 32 characters long' };

/** The settings as they stand in the environment; `.env.example` describes each. */
export class Environment {
  @IsIn(['development', 'test', 'production'])
  NODE_ENV: 'development' | 'test' | 'production' = 'development';

  @IsIn(['debug', 'info', 'warn', 'error', 'silent'])
  LOG_LEVEL: 'debug' | 'info' | 'warn' | 'error' | 'silent' = 'info';

  @IsOptional()
  @Matches(/^postgres(ql)?:\/\//, { message: 'must be a postgres:// URL' })
  DATABASE_URL?: string;

  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(500)
  DATABASE_POOL_SIZE = 20;

  @IsString()
  HOST = '';

  @Type(() => Number)
  @IsInt()
  @Min(0)
  @Max(65_535)
  PORT = 3000;

  @Type(() => Number)
  @IsInt()
  @Min(0)
  @Max(65_535)
  METRICS_PORT = 9464;

  @IsString()
  @MinLength(1)
  DATA_DIR = './.data';

  @IsOptional()
  @IsUrl(
    { require_tld: false, protocols: ['http', 'https'], require_protocol: true },
    { message: 'must be an http(s) URL' },
  )
  PUBLIC_URL?: string;

  @list
  @IsArray()
  @IsUrl(
    { require_tld: false, protocols: ['http', 'https'], require_protocol: true },
    { each: true, message: 'must be a comma-separated list of origins, https://shop.example for one' },
  )
  CORS_ORIGINS: string[] = [];

  @list
  @IsArray()
  @Matches(/^[0-9a-fA-F.:]+(\/\d{1,3})?$/, {
    each: true,
    message: 'must be a comma-separated list of addresses or CIDR ranges',
  })
  TRUSTED_PROXIES: string[] = [];

  @Type(() => Number)
  @IsInt()
  @Min(1000)
  @Max(120_000)
  REQUEST_TIMEOUT_MS = 15_000;

  @IsOptional()
  @IsString()
  @MinLength(32, SECRET_LENGTH)
  JWT_SECRET?: string;

  @IsOptional()
  @IsString()
  @MinLength(32, SECRET_LENGTH)
  DECK_SECRET?: string;

  @Type(() => Number)
  @IsInt()
  @Min(60)
  @Max(86_400)
  ACCESS_TOKEN_TTL_SECONDS = 900;

  @Type(() => Number)
  @IsInt()
  @Min(3600)
  @Max(365 * 86_400)
  REFRESH_TOKEN_TTL_SECONDS = 30 * 86_400;

  @Type(() => Number)
  @IsInt()
  @Min(0)
  @Max(120)
  MINIMUM_AGE = 18;

  @IsString()
  @MinLength(1)
  TERMS_VERSION = '2026-11-01';

  @IsString()
  @MinLength(1)
  TIME_ZONE = 'Europe/Paris';

  @IsIn(['on', 'off'])
  STAFF_MAY_PLAY: 'on' | 'off' = 'off';

  @Type(() => Number)
  @IsInt()
  @Min(1)
  CODE_ATTEMPTS_ACCOUNT = 10;

  @Type(() => Number)
  @IsInt()
  @Min(1)
  CODE_ATTEMPTS_UNDER_PRESSURE = 3;

  @Type(() => Number)
  @IsInt()
  @Min(1)
  CODE_ATTEMPTS_ADDRESS = 100;

  @Type(() => Number)
  @IsInt()
  @Min(1)
  CODE_ATTEMPTS_CONTEST = 3000;

  @Type(() => Number)
  @IsInt()
  @Min(1)
  CODE_ATTEMPTS_WINDOW_SECONDS = 900;

  @Type(() => Number)
  @IsInt()
  @Min(1)
  CODE_ATTEMPTS_BLOCK_SECONDS = 60;

  @Type(() => Number)
  @IsInt()
  @Min(1)
  CODE_ATTEMPTS_MAX_BLOCK_SECONDS = 86_400;

  @Type(() => Number)
  @IsInt()
  @Min(1)
  LOGIN_ATTEMPTS_ACCOUNT = 10;

  @Type(() => Number)
  @IsInt()
  @Min(1)
  LOGIN_ATTEMPTS_ADDRESS = 100;

  @Type(() => Number)
  @IsInt()
  @Min(1)
  LOGIN_ATTEMPTS_WINDOW_SECONDS = 900;

  @Type(() => Number)
  @IsInt()
  @Min(1)
  LOGIN_ATTEMPTS_BLOCK_SECONDS = 60;

  @Type(() => Number)
  @IsInt()
  @Min(1)
  LOGIN_ATTEMPTS_MAX_BLOCK_SECONDS = 3600;
}
