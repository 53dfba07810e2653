import type { Tables } from '../cache/postgres/index.js';

/**
 * What depends on a row apart from its own entry. A table whose name is a namespace of the schema needs no line here:
 * a changed film always means `Movie:42`, its primary key, and `Movie`.
 */
export const tagsOfRows = {
  User: ['user_profile:{id}'],
  Session: ['Session:{tokenHash}'],
  Rating: ['RatingSummary:{movieId}', 'UserRatings:{userId}'],
  Playback: ['ContinueWatching:{userId}'],
  // Its keys hold what the labels are made of: no row ends one.
  ReleaseLabel: false,
} satisfies Tables;
