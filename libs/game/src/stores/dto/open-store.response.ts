import { ApiProperty } from '@nestjs/swagger';

/** A shop that hands prizes over. */
export class OpenStoreResponse {
  @ApiProperty({ format: 'uuid', description: 'What a hand-over names as `storeId`.' })
  id: string;

  @ApiProperty({ example: 'Thé Tip Top Étoile' })
  name: string;

  @ApiProperty({ example: 'Nice' })
  city: string;
}

export class OpenStoreListResponse {
  @ApiProperty({ type: [OpenStoreResponse] })
  items: OpenStoreResponse[];

  @ApiProperty({ type: String, nullable: true })
  nextCursor: string | null;
}
