-- The start makes the outbox in the schema "corral", which no migration knows of. The old triggers go with their functions; the
-- start makes the new ones, and every store forgets what it has, as it registers anew.
DO $body$
DECLARE
  one text;
BEGIN
  FOR one IN
    SELECT p.oid::regprocedure::text FROM pg_proc AS p
    WHERE p.pronamespace = current_schema()::regnamespace
      AND (starts_with(p.proname, 'cache_outbox_') OR p.proname = 'cache_key_component')
  LOOP
    EXECUTE 'DROP ROUTINE ' || one || ' CASCADE';
  END LOOP;
END
$body$;

DROP TABLE IF EXISTS "CacheOutbox", "CacheStore";
