import type { Figures } from './report';

/** What was measured of some sides, and how they compare. */
export interface Comparison {
  sides: Record<string, Figures>;
  ratios: Record<string, number>;
}
