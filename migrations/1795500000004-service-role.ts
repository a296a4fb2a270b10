import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What a service needs done that signs in as a role without the owner's rights. */
export class ServiceRole1795500000004 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // As its owner, to whom the sequence then belongs: the service deals from it and can't set it back. Whoever can call
    // it makes no more sequences than there are contests, and disturbs no deck that is being dealt.
    await runner.query(`
      CREATE FUNCTION renew_deck_sequence(contest uuid) RETURNS text LANGUAGE plpgsql SECURITY DEFINER
      SET search_path = pg_catalog, pg_temp AS $$
      DECLARE
        name text := 'deck_' || replace(contest::text, '-', '');
      BEGIN
        IF NOT EXISTS (SELECT FROM public.contests c WHERE c.id = contest) THEN
          RAISE EXCEPTION 'there is no such contest' USING ERRCODE = 'foreign_key_violation';
        END IF;
        IF EXISTS (SELECT FROM public.tickets t WHERE t.contest_id = contest AND t.deck_position IS NOT NULL) THEN
          RAISE EXCEPTION 'this deck is being dealt' USING ERRCODE = 'restrict_violation';
        END IF;
        EXECUTE format('CREATE SEQUENCE IF NOT EXISTS public.%I', name);
        EXECUTE format('ALTER SEQUENCE public.%I RESTART', name);
        RETURN name;
      END $$`);
    await runner.query('REVOKE EXECUTE ON FUNCTION renew_deck_sequence FROM PUBLIC');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP FUNCTION renew_deck_sequence');
  }
}
