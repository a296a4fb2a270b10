import type { Language } from '@tiptop/platform';
import type { Alert } from './alerts';

type Words = Readonly<Record<Language, string>>;

/** What an alert's level asks of its reader. */
export const LEVELS: Readonly<Record<Alert['level'], { name: Words; meaning: Words }>> = {
  failure: {
    name: { fr: 'ÉCHEC', en: 'FAILURE' },
    meaning: { fr: 'Il faut agir.', en: 'Somebody has to act.' },
  },
  warning: {
    name: { fr: 'AVERTISSEMENT', en: 'WARNING' },
    meaning: { fr: 'À regarder bientôt.', en: 'To be looked at soon.' },
  },
  success: {
    name: { fr: 'SUCCÈS', en: 'SUCCESS' },
    meaning: { fr: 'Rien à faire.', en: 'Nothing to do.' },
  },
};

export const LABELS = {
  environment: { fr: 'Environnement', en: 'Environment' },
  backup: { fr: 'Sauvegarde', en: 'Backup' },
  step: { fr: 'Étape', en: 'Step' },
  cause: { fr: 'Cause', en: 'Cause' },
  next: { fr: 'Prochain passage', en: 'Next run' },
  advice: { fr: 'À faire', en: 'What to do' },
} as const satisfies Readonly<Record<string, Words>>;

/** How often an alert happened that was told once. */
export function repeatsInWords(times: number): Words {
  return {
    fr: `Déjà arrivé ${times} fois sans être redit depuis la dernière alerte identique.`,
    en: `It has happened ${times} ${times === 1 ? 'time' : 'times'} since the last alert of its kind, and was not told again.`,
  };
}

interface StepWords {
  title: Words;
  /** What to look at where it fails. */
  advice: Words;
}

/** The first that fits a step's name counts. */
const STEPS: readonly (readonly [RegExp, StepWords])[] = [
  [
    /^space/,
    {
      title: { fr: 'Espace disque', en: 'Disk space' },
      advice: {
        fr: 'Faire de la place là où elle manque (voir les détails), ou agrandir le disque.',
        en: 'Make room where it is short (see the details), or enlarge the disk.',
      },
    },
  ],
  [
    /^(database|dump|connect)/,
    {
      title: { fr: 'Sauvegarde de la base de données', en: 'Database' },
      advice: {
        fr: 'Vérifier que PostgreSQL répond, et que pg_dump n’est pas plus ancien que lui.',
        en: 'Check that PostgreSQL answers, and that pg_dump is no older than it.',
      },
    },
  ],
  [
    /^images?/,
    {
      title: { fr: 'Sauvegarde des images Docker', en: 'Docker images' },
      advice: {
        fr: 'Vérifier que le moteur Docker répond et que les images de BACKUP_IMAGES existent.',
        en: 'Check that the Docker engine answers and that the images of BACKUP_IMAGES exist.',
      },
    },
  ],
  [
    /^config/,
    {
      title: { fr: 'Sauvegarde de la configuration', en: 'Configuration' },
      advice: {
        fr: 'Vérifier que les fichiers de BACKUP_CONFIG_PATHS existent et sont lisibles.',
        en: 'Check that the files of BACKUP_CONFIG_PATHS exist and can be read.',
      },
    },
  ],
  [
    /^jenkins/,
    {
      title: { fr: 'Sauvegarde de Jenkins', en: 'Jenkins' },
      advice: {
        fr: 'Vérifier JENKINS_HOME, et que ses fichiers de clés y sont et sont lisibles.',
        en: 'Check JENKINS_HOME, and that its key files are there and can be read.',
      },
    },
  ],
  [
    /^(archive|encrypt|seal)/,
    {
      title: { fr: 'Archive et chiffrement', en: 'Archive and encryption' },
      advice: {
        fr: 'Vérifier la place sur le disque, et les clés de BACKUP_AGE_RECIPIENTS.',
        en: 'Check the space on the disk, and the keys of BACKUP_AGE_RECIPIENTS.',
      },
    },
  ],
  [
    /^(local|publish)/,
    {
      title: { fr: 'Copie locale', en: 'Local copy' },
      advice: {
        fr: 'Vérifier le disque de BACKUP_DIR : place, droits, état.',
        en: 'Check the disk of BACKUP_DIR: its space, its permissions, its health.',
      },
    },
  ],
  [
    /^(upload|s3|sftp|copy|remote)/,
    {
      title: { fr: 'Envoi distant', en: 'Remote copy' },
      advice: {
        fr: 'Vérifier que la destination répond, qu’elle a de la place, et que les accès sont valables.',
        en: 'Check that the destination answers, that it has room, and that the credentials are valid.',
      },
    },
  ],
  [
    /^(drill|opening)/,
    {
      title: { fr: 'Exercice de restauration', en: 'Restore drill' },
      advice: {
        fr: 'Ne pas compter sur cette sauvegarde. Vérifier la clé d’exercice, puis `tiptop restore drill`.',
        en: 'Do not rely on this backup. Check the drill key, then run `tiptop restore drill`.',
      },
    },
  ],
  [
    /^(restore|verif)/,
    {
      title: { fr: 'Restauration d’essai', en: 'Trial restore' },
      advice: {
        fr: 'Ne pas compter sur cette sauvegarde. Lire les détails, puis `tiptop backup run`.',
        en: 'Do not rely on this backup. Read the details, then run `tiptop backup run`.',
      },
    },
  ],
  [
    /^(prune|clean|retention)/,
    {
      title: { fr: 'Nettoyage', en: 'Removal of old backups' },
      advice: {
        fr: 'Lire le plan de `tiptop backup prune` (sans --apply) ; vérifier l’heure de la machine.',
        en: 'Read the plan of `tiptop backup prune` (without --apply); check the machine’s clock.',
      },
    },
  ],
  [
    /^(health|stale|freshness)/,
    {
      title: { fr: 'Âge de la dernière sauvegarde', en: 'Age of the newest backup' },
      advice: {
        fr: 'Lire `tiptop backup list`, puis lancer `tiptop backup run`.',
        en: 'Read `tiptop backup list`, then run `tiptop backup run`.',
      },
    },
  ],
  [
    /^report/,
    {
      title: { fr: 'Rapport', en: 'Report' },
      advice: { fr: 'Vérifier le disque de BACKUP_DIR.', en: 'Check the disk of BACKUP_DIR.' },
    },
  ],
];

const OTHER_ADVICE: Words = {
  fr: 'Lire les détails ; `tiptop backup list` montre les sauvegardes qui existent.',
  en: 'Read the details; `tiptop backup list` shows which backups there are.',
};

function stepWords(step: string): StepWords | undefined {
  return STEPS.find(([pattern]) => pattern.test(step))?.[1];
}

/** A step as a person calls it, with its name where that tells more: `Remote copy (upload-s3)`. */
export function stepTitle(step: string, language: Language): string {
  const title = stepWords(step)?.title[language];
  return title === undefined || title.toLowerCase() === step ? (title ?? step) : `${title} (${step})`;
}

export function stepAdvice(step: string | undefined, language: Language): string {
  return (stepWords(step ?? '')?.advice ?? OTHER_ADVICE)[language];
}
