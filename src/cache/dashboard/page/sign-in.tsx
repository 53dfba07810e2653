import { useState } from 'preact/hooks';
import { change, keepToken, Refusal } from './server.js';

interface SignInProps {
  /** Why it is asked for. */
  readonly message: string;
  readonly onSignedIn: () => void;
}

const takesPassword =
  document.querySelector('meta[name="corral-sign-in"]')?.getAttribute('content') === 'password';

/** For people who are not known, or may not see the figures. */
export function SignIn({ message, onSignedIn }: SignInProps) {
  const [refusal, setRefusal] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const submit = async (form: HTMLFormElement): Promise<void> => {
    setBusy(true);
    setRefusal(undefined);
    try {
      keepToken(await tokenOf(new FormData(form)));
      onSignedIn();
    } catch (error) {
      setRefusal(error instanceof Refusal ? error.message : 'The server cannot be reached.');
    } finally {
      setBusy(false);
    }
  };
  return (
    <main class="sign-in">
      <form
        class="card"
        method="post"
        onSubmit={(event) => {
          event.preventDefault();
          void submit(event.currentTarget);
        }}
      >
        <img src="icon.svg" alt="" width="48" height="48" />
        <h1>Cache</h1>
        <p role="alert">{refusal ?? message}</p>
        {takesPassword ? (
          <>
            <label>
              E-mail or name
              <input name="name" autocomplete="username" required autofocus />
            </label>
            <label>
              Password
              <input name="password" type="password" autocomplete="current-password" required />
            </label>
          </>
        ) : (
          <>
            <p class="quiet">
              Sign in to your application and load this page again, or give a token that it takes as{' '}
              <code>Authorization: Bearer</code>.
            </p>
            <label>
              Token
              <input name="token" type="password" autocomplete="off" required autofocus />
            </label>
          </>
        )}
        <button type="submit" class="main" disabled={isBusy}>
          {isBusy ? 'Signing in' : 'Sign in'}
        </button>
      </form>
    </main>
  );
}

async function tokenOf(fields: FormData): Promise<string> {
  const text = (name: string): string => String(fields.get(name) ?? '');
  if (!takesPassword) return text('token').trim();
  keepToken(undefined);
  const body = { name: text('name'), password: text('password') };
  const { token } = await change<{ readonly token: string }>('sign-in', body);
  return token;
}
