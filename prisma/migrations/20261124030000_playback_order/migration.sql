-- Accepted writes arrive later than they were made, and are ordered by "wbSeq", microseconds since 1970. Whoever writes a
-- row by hand must take part in that order, or an older accepted write would overwrite what was written by hand.
CREATE FUNCTION playback_take_part_in_order() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
  NEW."wbSeq" := greatest(NEW."wbSeq" + 1, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint);
  RETURN NEW;
END
$body$;

CREATE TRIGGER playback_order_insert BEFORE INSERT ON "Playback"
  FOR EACH ROW WHEN (NEW."wbSeq" = 0) EXECUTE FUNCTION playback_take_part_in_order();

CREATE TRIGGER playback_order_update BEFORE UPDATE ON "Playback"
  FOR EACH ROW WHEN (NEW."wbSeq" = OLD."wbSeq") EXECUTE FUNCTION playback_take_part_in_order();
