import { ApiProperty } from '@nestjs/swagger';
import type { PinnedImage, Release } from '../../deployments/release';

const DIGEST = '^sha256:[0-9a-f]{64}$';

/** An image by what never changes. */
export class PinnedImageResponse implements PinnedImage {
  @ApiProperty({ example: 'registry.example:5000/backend' })
  repository: string;

  @ApiProperty({ pattern: DIGEST, description: 'Of its manifest in the registry.' })
  digest: string;

  @ApiProperty({ pattern: DIGEST, description: 'Of its configuration in the container engine.' })
  id: string;

  @ApiProperty({ type: String, nullable: true, example: '1.2.3' })
  version: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'Commit that it was built from.' })
  revision: string | null;
}

export class ReleaseResponse implements Release {
  @ApiProperty({ type: PinnedImageResponse })
  backend: PinnedImageResponse;

  @ApiProperty({ type: PinnedImageResponse, nullable: true, description: 'Null where there is no frontend.' })
  frontend: PinnedImageResponse | null;
}
