import { ApiProperty } from '@nestjs/swagger';

/** A place where I am signed in. */
export class MySessionResponse {
  @ApiProperty({ example: '3f0c1de2-5a0e-4d2c-9d0b-0f4b8e0f6a11' })
  id: string;

  @ApiProperty({ type: String, nullable: true, description: 'Browser and system.', example: 'Firefox – Linux' })
  device: string | null;

  @ApiProperty({ format: 'date-time' })
  createdAt: string;

  @ApiProperty({ format: 'date-time' })
  lastUsedAt: string;

  @ApiProperty({ format: 'date-time', description: 'When it ends unless it is used again.' })
  expiresAt: string;

  @ApiProperty({ description: 'Whether it is the one that asks.' })
  current: boolean;
}

export class MySessionsResponse {
  @ApiProperty({ type: [MySessionResponse] })
  items: MySessionResponse[];

  @ApiProperty({ type: String, nullable: true })
  nextCursor: string | null;
}
