/** A prize as a preset defines it. */
export interface PrizePreset {
  name: string;
  description: string;
  valueCents: number;
  currency: string;
  /** Share in per cent where the weights add up to 100. */
  weight: number;
}

export interface ContestPreset {
  slug: string;
  name: string;
  tickets: number;
  /** Days during which tickets are handed out. */
  playDays: number;
  /** Days after that to play and claim. */
  claimDays: number;
  prizes: readonly PrizePreset[];
}

// What a customer reads is in French, the language of the shops. 0 cents: no value was announced.
export const PRESETS = {
  'the-tip-top': {
    slug: 'the-tip-top',
    name: 'Jeu-concours Thé Tip Top',
    tickets: 500_000,
    playDays: 30,
    claimDays: 30,
    prizes: [
      { name: 'Infuseur à thé', description: 'Un infuseur à thé', valueCents: 0, currency: 'EUR', weight: 60 },
      {
        name: 'Thé détox ou infusion',
        description: 'Une boîte de 100 g d’un thé détox ou d’une infusion',
        valueCents: 0,
        currency: 'EUR',
        weight: 20,
      },
      {
        name: 'Thé signature',
        description: 'Une boîte de 100 g d’un thé signature',
        valueCents: 0,
        currency: 'EUR',
        weight: 10,
      },
      {
        name: 'Coffret découverte à 39 €',
        description: 'Un coffret découverte d’une valeur de 39 €',
        valueCents: 3900,
        currency: 'EUR',
        weight: 6,
      },
      {
        name: 'Coffret découverte à 69 €',
        description: 'Un coffret découverte d’une valeur de 69 €',
        valueCents: 6900,
        currency: 'EUR',
        weight: 4,
      },
    ],
  },
} as const satisfies Record<string, ContestPreset>;

export type PresetName = keyof typeof PRESETS;
