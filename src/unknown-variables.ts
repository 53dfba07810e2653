import { closest, distance } from 'fastest-levenshtein';

/** A name with more differences is another name, and not one that is misspelt. */
const MOST_DIFFERENCES = 3;
/** The same as a share of the longer name. */
const MOST_OF_NAME = 0.4;

/** All variables that begin so are settings of this program: another name is one that is misspelt. */
const FAMILIES = ['CACHE_', 'JOURNAL_', 'REDIS_'] as const;

/**
 * What Kubernetes puts into the environment of every container of a namespace that has a service called `redis`,
 * `redis-master`, `cache` …: REDIS_SERVICE_HOST, REDIS_MASTER_SERVICE_PORT_HTTP, REDIS_PORT, REDIS_PORT_6379_TCP_ADDR. No
 * person wrote them and no person can take them out, so they must not keep the program from starting.
 */
const OF_KUBERNETES =
  /^[A-Z][A-Z0-9_]*_(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$/;

/** What systemd gives to every service whose output it keeps, or whose folder it makes, and what Docker's links set. */
const OF_OTHERS = /^(JOURNAL_STREAM|CACHE_DIRECTORY|REDIS_NAME|REDIS_ENV_[A-Z0-9_]+)$/;

/** A sentence for each variable that looks like a setting and is none. Values are not shown: they may be passwords. */
export function unknownVariables(given: readonly string[], known: readonly string[]): string[] {
  return given.flatMap((name) => {
    const family = FAMILIES.find((prefix) => name.startsWith(prefix));
    if (family === undefined || known.includes(name) || OF_KUBERNETES.test(name) || OF_OTHERS.test(name))
      return [];
    return [`${name} is not a setting; ${fixOf(name, family, known)}.`];
  });
}

function fixOf(name: string, family: string, known: readonly string[]): string {
  const settings = known.filter((setting) => setting.startsWith(family));
  // What all names of a family begin with says nothing about which one was meant.
  const ends = settings.map((setting) => setting.slice(family.length));
  const end = name.slice(family.length);
  const nearest = closest(end, ends);
  const longer = Math.max(end.length, nearest.length);
  if (distance(end, nearest) > Math.min(MOST_DIFFERENCES, Math.round(longer * MOST_OF_NAME)))
    return `unset it, or use one of ${settings.join(', ')}`;
  return `did you mean ${family}${nearest}? Correct its name, or unset it`;
}
