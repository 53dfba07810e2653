import { useEffect, useState } from 'preact/hooks';
import type { LetterAct } from '../../admin/outcomes.js';
import type { JournalReport } from '../../report/cache-report.js';
import type { DeadLettersReply, LettersReply, ShownLetter } from '../messages.js';
import { Dialog } from './dialog.js';
import { Fact } from './fact.js';
import { count, dayAndTime, duration, rate } from './format.js';
import { ask } from './server.js';
import { Told } from './told.js';
import { useChange } from './use-change.js';

/** Accepted writes that wait for the database, and those that it refuses. */
export function Journal({ journal }: { readonly journal: JournalReport }) {
  const [letters, setLetters] = useState<DeadLettersReply>({ letters: [], leftOut: 0 });
  const [given, setGiven] = useState<ShownLetter>();
  const changes = useChange();
  const look = async (): Promise<void> => {
    // What fails here has failed for the figures too, which say so.
    const found = await ask<DeadLettersReply>('dead-letters').catch(() => undefined);
    if (found !== undefined) setLetters(found);
  };
  useEffect(() => void look(), [journal.deadLetters]);
  const act = async (name: LetterAct, keys: readonly string[]): Promise<void> => {
    await changes.ask<LettersReply>(`dead-letters/${name}`, { keys }, ({ outcomes }) => {
      const failed = outcomes.find(({ isDone }) => !isDone);
      const done = name === 'replay' ? 'will be written once more' : 'given up';
      return failed ?? { isDone: true, message: `${keys.join(', ')}: ${done}.` };
    });
    await look();
  };
  return (
    <section class="card" aria-labelledby="journal">
      <h2 id="journal">Journal</h2>
      {journal.pending === undefined ? (
        <p>The journal cannot be reached.</p>
      ) : (
        <dl class="facts">
          <Fact name="Pending writes" value={count(journal.pending)} />
          <Fact name="Oldest is overdue by" value={duration(journal.overdueMs)} />
          <Fact name="Accepted a minute" value={rate(journal.acceptedPerMinute)} />
          <Fact
            name="Dead letters"
            value={count(journal.deadLetters)}
            isBad={(journal.deadLetters ?? 0) > 0}
          />
        </dl>
      )}
      <h3>Dead letters</h3>
      <Told told={changes.told} />
      {letters.letters.length === 0 ? (
        <p class="quiet">None: the database has taken every write, or will.</p>
      ) : (
        <ul class="letters">
          {letters.letters.map((letter) => (
            <Letter
              key={letter.key}
              letter={letter}
              isBusy={changes.isBusy}
              onReplay={() => void act('replay', [letter.key])}
              onDiscard={() => setGiven(letter)}
            />
          ))}
        </ul>
      )}
      {letters.leftOut > 0 && <p class="quiet">{letters.leftOut} more are not shown.</p>}
      {letters.letters.length > 1 && (
        <button
          type="button"
          disabled={changes.isBusy}
          onClick={() =>
            void act(
              'replay',
              letters.letters.map(({ key }) => key),
            )
          }
        >
          Replay all {letters.letters.length}
        </button>
      )}
      {given !== undefined && (
        <Dialog
          title="Discard this dead letter?"
          action="Discard"
          onCancel={() => setGiven(undefined)}
          onConfirm={() => {
            setGiven(undefined);
            void act('discard', [given.key]);
          }}
        >
          <p>
            The write of <code>{given.key}</code> is given up. It was acknowledged to a client, and the
            database will never have it.
          </p>
        </Dialog>
      )}
    </section>
  );
}

interface LetterProps {
  readonly letter: ShownLetter;
  readonly isBusy: boolean;
  readonly onReplay: () => void;
  readonly onDiscard: () => void;
}

function Letter({ letter, isBusy, onReplay, onDiscard }: LetterProps) {
  const { key, coordinate, error, attempts, buriedAtMs, state } = letter;
  return (
    <li>
      <div class="heading">
        <code>{key}</code>
        <span class="actions">
          <button type="button" disabled={isBusy} onClick={onReplay} aria-label={`Replay ${key}`}>
            Replay
          </button>
          <button
            type="button"
            class="danger plain"
            disabled={isBusy}
            onClick={onDiscard}
            aria-label={`Discard ${key}`}
          >
            Discard…
          </button>
        </span>
      </div>
      <p>{error}</p>
      <p class="quiet">
        {coordinate ?? 'a field that is gone'} · tried {attempts === 1 ? 'once' : `${attempts} times`} · given
        up {dayAndTime(buriedAtMs)}
      </p>
      <details>
        <summary>What was to be written</summary>
        <pre tabIndex={0}>{state}</pre>
      </details>
    </li>
  );
}
