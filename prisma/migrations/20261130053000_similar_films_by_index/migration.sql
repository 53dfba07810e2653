-- The most voted films of a genre, and of a decade of it, are read in order and only as many as are asked for. Films
-- without votes come last.
CREATE INDEX "Movie_genre_votes_idx" ON "Movie"("genre", (COALESCE("imdbVotes", -1)) DESC, "id");
CREATE INDEX "Movie_genre_decade_votes_idx" ON "Movie"("genre", ("releaseYear" / 10), (COALESCE("imdbVotes", -1)) DESC, "id");
