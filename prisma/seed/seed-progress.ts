import type { DatabaseLog } from '../../src/database/database-log.js';

export interface SeedProgress {
  advance(rows: number): void;
  /** Always called, also when the seed failed. */
  stop(): void;
}

/** A bar on a terminal; elsewhere a line in the log for each quarter, so that a log file stays readable. */
export async function startProgress(totalRows: number, log: DatabaseLog): Promise<SeedProgress> {
  return (process.stderr.isTTY ? await progressBar(totalRows) : undefined) ?? progressLines(totalRows, log);
}

/** Undefined when the package, which is there for development, is missing. */
async function progressBar(totalRows: number): Promise<SeedProgress | undefined> {
  const library = await import('cli-progress').catch(() => undefined);
  if (library === undefined) return undefined;
  const format = 'Loading demo data [{bar}] {percentage} % of {total} rows';
  const bar = new library.default.SingleBar(
    { format, clearOnComplete: true },
    library.default.Presets.shades_classic,
  );
  bar.start(totalRows, 0);
  return { advance: (rows) => bar.increment(rows), stop: () => bar.stop() };
}

function progressLines(totalRows: number, log: DatabaseLog): SeedProgress {
  let done = 0;
  const quarters = () => Math.floor((done / totalRows) * 4);
  const advance = (rows: number): void => {
    const before = quarters();
    done += rows;
    if (quarters() > before) log.info(`Loading demo data: ${quarters() * 25} %`);
  };
  return { advance, stop: () => undefined };
}
