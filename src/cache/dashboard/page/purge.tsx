import { useState } from 'preact/hooks';
import type { PurgeOutcome } from '../../admin/outcomes.js';
import { Dialog } from './dialog.js';
import { Told } from './told.js';
import { useChange } from './use-change.js';

type Step = 'write' | 'confirm-tags' | 'confirm-everything' | 'type-everything';

/** Ends entries by tag; to end everything is asked twice. */
export function Purge() {
  const [text, setText] = useState('');
  const [step, setStep] = useState<Step>('write');
  const [typed, setTyped] = useState('');
  const { ask, isBusy, told } = useChange();
  // Keys may have blanks and commas in them: those of cache.fetch are any text.
  const tags = text
    .split('\n')
    .map((line) => line.trim())
    .filter((tag) => tag !== '');
  const purge = (body: { readonly tags: readonly string[]; readonly confirm?: string }): void => {
    setStep('write');
    void ask<PurgeOutcome>('purge', body, (outcome) => {
      if (outcome.isDone) setText('');
      return outcome;
    });
  };
  const cancel = (): void => setStep('write');
  return (
    <section class="card" aria-labelledby="purge">
      <h2 id="purge">Purge</h2>
      <form
        class="row"
        onSubmit={(event) => {
          event.preventDefault();
          if (tags.length > 0) setStep(tags.includes('*') ? 'confirm-everything' : 'confirm-tags');
        }}
      >
        <label class="grow">
          Tags, one a line
          <textarea
            rows={2}
            value={text}
            placeholder={'Movie:42\nPerson:7'}
            autocomplete="off"
            spellcheck={false}
            aria-describedby="purge-hint"
            onInput={({ currentTarget }) => setText(currentTarget.value)}
          />
        </label>
        <button type="submit" class="danger" disabled={isBusy || tags.length === 0}>
          Purge…
        </button>
      </form>
      <p id="purge-hint" class="quiet">
        Entries that depend on a tag are ended in all processes and loaded anew when they are asked for.
      </p>
      <Told told={told} />
      <button
        type="button"
        class="danger plain"
        disabled={isBusy}
        onClick={() => {
          setTyped('');
          setStep('confirm-everything');
        }}
      >
        Purge everything…
      </button>
      {step === 'confirm-tags' && (
        <Dialog
          title={tags.length === 1 ? 'Purge this tag?' : `Purge these ${tags.length} tags?`}
          action="Purge"
          onConfirm={() => purge({ tags })}
          onCancel={cancel}
        >
          <ul class="tags">
            {tags.map((tag) => (
              <li key={tag}>
                <code>{tag}</code>
              </li>
            ))}
          </ul>
          {tags.some(looksLikeSeveral) && (
            <p>
              <strong>There is a blank or a comma in a tag.</strong> Several tags stand on lines of their own.
            </p>
          )}
          <p>All entries that depend on them are ended, in all processes. This cannot be taken back.</p>
        </Dialog>
      )}
      {step === 'confirm-everything' && (
        <Dialog
          title="Purge everything?"
          action="Continue"
          onConfirm={() => setStep('type-everything')}
          onCancel={cancel}
        >
          <p>Every entry is ended in all processes. The origins are asked for all of them again, at once.</p>
        </Dialog>
      )}
      {step === 'type-everything' && (
        <Dialog
          key="last"
          title="Really everything?"
          action="Purge everything"
          isReady={typed === 'everything'}
          onConfirm={() => purge({ tags: ['*'], confirm: typed })}
          onCancel={cancel}
        >
          <label>
            Type <strong>everything</strong> to do it
            <input
              value={typed}
              autocomplete="off"
              autofocus
              onInput={({ currentTarget }) => setTyped(currentTarget.value)}
            />
          </label>
        </Dialog>
      )}
    </section>
  );
}

/** Arguments have blanks and commas; outside of them only a key of cache.fetch may. */
function looksLikeSeveral(tag: string): boolean {
  return /[\s,]/.test(tag.replace(/\(.*\)/, ''));
}
