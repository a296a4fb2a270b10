import { ApiProperty } from '@nestjs/swagger';
import type { TokenPair } from '../../sessions/sessions.service';
import { toUserResponse, UserResponse } from '../../users/user.response';
import type { User } from '../../users/user.entity';

/** A fresh pair of tokens and whose it is. */
export class SessionResponse {
  @ApiProperty()
  user: UserResponse;

  @ApiProperty({ description: 'For the Authorization header, after "Bearer ".' })
  accessToken: string;

  @ApiProperty({ description: 'Good once, for POST /v1/auth/refresh.' })
  refreshToken: string;

  @ApiProperty({ enum: ['Bearer'] })
  tokenType: 'Bearer';

  @ApiProperty({ description: 'Life of the access token in seconds.', example: 900 })
  expiresIn: number;
}

export function toSessionResponse(user: User, pair: TokenPair): SessionResponse {
  return { user: toUserResponse(user), ...pair };
}
