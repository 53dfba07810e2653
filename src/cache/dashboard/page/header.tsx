import type { CacheReport } from '../../report/cache-report.js';
import { timeOfDay } from './format.js';
import type { Connection } from './use-figures.js';

interface HeaderProps {
  readonly connection: Connection;
  readonly report: CacheReport | undefined;
  readonly isPaused: boolean;
  readonly onPause: () => void;
  /** Undefined where there is nothing to sign out of. */
  readonly onSignOut: (() => void) | undefined;
}

const words: Readonly<Record<Connection['state'], string>> = {
  asking: 'Connecting',
  live: 'Live',
  paused: 'Paused',
  trouble: 'Trouble',
  refused: 'Signed out',
};

export function Header({ connection, report, isPaused, onPause, onSignOut }: HeaderProps) {
  return (
    <header>
      <div class="brand">
        <img src="icon.svg" alt="" width="32" height="32" />
        <div>
          <h1>Cache</h1>
          {report !== undefined && (
            <p class="quiet">
              {report.processes} {report.processes === 1 ? 'process' : 'processes'} · {report.store.name} · at{' '}
              <time dateTime={new Date(report.atMs).toISOString()}>{timeOfDay(report.atMs)}</time>
            </p>
          )}
        </div>
      </div>
      <div class="actions">
        <p class={`connection ${connection.state}`} role="status">
          <span class="dot" aria-hidden="true" />
          {words[connection.state]}
          {'message' in connection && <span class="reason">{connection.message}</span>}
        </p>
        <button type="button" onClick={onPause} aria-pressed={isPaused}>
          Pause
        </button>
        {onSignOut !== undefined && (
          <button type="button" onClick={onSignOut}>
            Sign out
          </button>
        )}
      </div>
    </header>
  );
}
