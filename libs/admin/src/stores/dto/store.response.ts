import { ApiProperty } from '@nestjs/swagger';
import type { Store } from '@tiptop/game';

/** A shop where prizes are handed over. */
export class StoreResponse {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ example: 'Thé Tip Top Étoile' })
  name: string;

  @ApiProperty({ example: 'Nice' })
  city: string;

  @ApiProperty({ description: 'Whether prizes are handed over there.' })
  isActive: boolean;

  @ApiProperty({ format: 'date-time' })
  createdAt: string;
}

export class StoreListResponse {
  @ApiProperty({ type: [StoreResponse] })
  items: StoreResponse[];

  @ApiProperty({ type: String, nullable: true })
  nextCursor: string | null;
}

export function toStoreResponse({ id, name, city, isActive, createdAt }: Store): StoreResponse {
  return { id, name, city, isActive, createdAt: createdAt.toISOString() };
}
