import type { DataSource } from 'typeorm';
import { writePastTriggers } from './past-triggers';

/** Common ones first: they are drawn accordingly, so that the commonest are as common as in France. */
const FIRST_NAMES = `Marie Jean Camille Pierre Lucie Thomas Julie Nicolas Chloe Antoine Emma Alexandre Sarah Julien Manon
  Maxime Laura Hugo Clara Lucas Anais Paul Louise Louis Alice Romain Pauline Arthur Margaux Kevin Ines Mathieu Zoe Vincent
  Lea Clement Oceane Guillaume Charlotte Florian Sophie Adrien Mathilde Benoit Elise Damien Noemie Sylvain Yasmine Xavier`;
const SURNAME_BEGINNINGS = 'Mar Ber Du Le Mo Lau Si Mi Ro Ga Fou Gi Bo Per Ri De La Cha Va Za';
const SURNAME_ENDINGS = `tin nard bois roy reau rent mon chel bert cia quet rard net rin chard lcour croix pelle lette lier`;
const SURNAME_TAILS = ['', '', '', 'eau', 'ier', 'et', 'on', 'ard', 'elle', 'oux'];
const MAIL_DOMAINS = 'gmail.com gmail.com gmail.com orange.fr hotmail.fr free.fr sfr.fr laposte.net';
/** One in a hundred is archived, and one in ten thousand works here. */
const ACCOUNTS = `
  INSERT INTO users (email, email_key, first_name, last_name, birth_date, role, is_active, newsletter, search_text,
    last_active_at, created_at, updated_at)
  SELECT email, email, first_name, last_name, date '1950-01-01' + (random() * 20000)::int,
    CASE WHEN n % 10000 = 7 THEN 'employee' ELSE 'customer' END, n % 100 <> 0, n % 3 = 0,
    lower(first_name || ' ' || last_name || ' ' || email), created_at + (now() - created_at) * random(), created_at, now()
  FROM (
    SELECT n, first_name, last_name, now() - ($1::int - n) * interval '5 seconds' AS created_at,
      lower(first_name || '.' || last_name) || n || '@' || ($6::text[])[1 + n % 8] AS email
    FROM (
      SELECT n, ($2::text[])[1 + floor(50 * random() ^ 1.5)::int] AS first_name,
        ($3::text[])[1 + floor(20 * random() ^ 1.2)::int] || ($4::text[])[1 + floor(20 * random() ^ 1.2)::int] ||
        ($5::text[])[1 + floor(10 * random())::int] AS last_name
      FROM generate_series(1, $1::int) n) named) written`;

/** Accounts that registered one after another, with names as common and as rare as people's. */
export async function createPeople(dataSource: DataSource, accounts: number): Promise<void> {
  await writePastTriggers(dataSource, async (runner) => {
    await runner.query('SELECT setseed(0.5)');
    await runner.query(ACCOUNTS, [
      accounts,
      FIRST_NAMES.split(/\s+/),
      SURNAME_BEGINNINGS.split(' '),
      SURNAME_ENDINGS.split(' '),
      SURNAME_TAILS,
      MAIL_DOMAINS.split(' '),
    ]);
  });
}
