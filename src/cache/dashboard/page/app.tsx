import { useState } from 'preact/hooks';
import { Charts } from './charts.js';
import { FieldsTable } from './fields-table.js';
import { Header } from './header.js';
import { Journal } from './journal.js';
import { Purge } from './purge.js';
import { change, hasToken, keepToken } from './server.js';
import { SignIn } from './sign-in.js';
import { StoreFigures } from './store-figures.js';
import { Tiles } from './tiles.js';
import { useFigures } from './use-figures.js';
import { Warnings } from './warnings.js';

export function App() {
  const [isPaused, setPaused] = useState(false);
  const [attempt, setAttempt] = useState(0);
  const { connection, points, figures } = useFigures(isPaused, attempt);
  const tryAgain = (): void => setAttempt((last) => last + 1);
  const signOut = async (): Promise<void> => {
    // The token is forgotten here whatever becomes of its session.
    await change('sign-out', {}).catch(() => undefined);
    keepToken(undefined);
    tryAgain();
  };

  if (connection.state === 'refused') return <SignIn message={connection.message} onSignedIn={tryAgain} />;
  return (
    <>
      <a class="skip" href="#main">
        Skip to the figures
      </a>
      <Header
        connection={connection}
        report={figures?.report}
        isPaused={isPaused}
        onPause={() => setPaused(!isPaused)}
        onSignOut={hasToken() ? () => void signOut() : undefined}
      />
      <main id="main" tabIndex={-1}>
        {figures === undefined ? (
          <p class="empty">
            {connection.state === 'trouble' ? connection.message : 'The figures are on their way.'}
          </p>
        ) : (
          <>
            <Warnings warnings={figures.report.warnings} />
            <Tiles report={figures.report} point={figures.point} />
            <Charts points={points} report={figures.report} />
            <FieldsTable fields={figures.report.fields} leftOut={figures.fieldsLeftOut} />
            <div class="columns">
              <Journal journal={figures.report.journal} />
              <div class="stack">
                <Purge />
                <StoreFigures store={figures.report.store} />
              </div>
            </div>
          </>
        )}
      </main>
      <footer>
        Figures are sums over all processes that share the store, of the last ten minutes unless they say
        otherwise.
      </footer>
    </>
  );
}
