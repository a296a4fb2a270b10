import type { ZxcvbnFactory } from '@zxcvbn-ts/core';
import { foldForSearch } from '../users/search-text';

/** How many spellings of a password are judged: unbounded, one could hold the process for seconds. */
const JUDGED_SPELLINGS = 8;

/** What passwords are judged by. */
export interface Judgement {
  estimator: ZxcvbnFactory;
  /** 49,233 passwords that leaked somewhere, in lower case. */
  leaked: ReadonlySet<string>;
}

/** The dictionaries take 70 MB and a fifth of a second: only a process that judges passwords pays for them. */
export async function loadJudgement(): Promise<Judgement> {
  const [core, common, english, french] = await Promise.all([
    import('@zxcvbn-ts/core'),
    import('@zxcvbn-ts/language-common'),
    import('@zxcvbn-ts/language-en'),
    import('@zxcvbn-ts/language-fr'),
  ]);
  const estimator = new core.ZxcvbnFactory({
    dictionary: { ...common.dictionary, ...english.dictionary, ...french.dictionary },
    graphs: common.adjacencyGraphs,
    l33tMaxSubstitutions: JUDGED_SPELLINGS,
  });
  return { estimator, leaked: new Set(common.dictionary['passwords-common'].map(foldForSearch)) };
}
