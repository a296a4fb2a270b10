import { DEFAULT_DAYS, type Kpi, KPI_NAMES, type KpiName, Kpis, type KpiSet, MOST_DAYS } from '@tiptop/ops';
import { Command, Option } from 'nest-commander';
import { wholeNumber } from '../options/options';
import { CliCommand } from './cli-command';

const TITLES: Readonly<Record<KpiName, string>> = {
  rto: 'Time to restore',
  rpo: 'Data that may be lost',
  mttr: 'Mean time to recovery',
  deployFrequency: 'Deployments',
  deploySuccessRate: 'Deployments that succeed',
};

/** How a value has to stand to its target. */
const SIGNS: Readonly<Record<KpiName, string>> = {
  rto: 'below',
  rpo: 'below',
  mttr: 'below',
  deployFrequency: 'at least',
  deploySuccessRate: 'above',
};

@Command({ name: 'kpi', description: 'Key figures of operations, their targets, and what was counted' })
export class KpiCommand extends CliCommand {
  override async run(_: string[], { days = DEFAULT_DAYS }: { days?: number }): Promise<void> {
    const kpis = await (await this.backend.get(Kpis)).over(days);
    this.output.result({ days, ...kpis }, describe(kpis));
  }

  @Option({ flags: '--days <number>', description: `over so many days up to now; ${DEFAULT_DAYS} when left out` })
  parseDays(text: string): number {
    return wholeNumber('--days', text, { min: 1, max: MOST_DAYS });
  }
}

function describe(kpis: KpiSet): string {
  return KPI_NAMES.flatMap((name) => lines(name, kpis[name])).join('\n');
}

function lines(name: KpiName, { value, unit, target, met, from }: Kpi): string[] {
  const figure = value === null ? 'nothing to count' : `${value} ${value === 1 ? unit.replace(/s$/, '') : unit}`;
  const verdict = met === null ? '' : met ? ', met' : ', NOT MET';
  return [`${TITLES[name].padEnd(25)} ${figure} (${SIGNS[name]} ${target} ${unit}${verdict})`, `  ${from}`];
}
