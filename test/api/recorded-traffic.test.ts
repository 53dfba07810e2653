import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { readRecording } from '../../bench/compare/recorded/read-recording.js';
import { recordedTraffic } from '../../bench/compare/recorded/recorded-traffic.js';
import { ConfigurationError } from '../../src/start/configuration-error.js';
import { fixturePassword } from '../support/worlds/film-fixture.js';
import { testApi, tokenOf } from '../support/worlds/test-api.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const signUp =
  'mutation ($email: String!, $password: String!) { made: signUp(email: $email, password: $password, displayName: "A") { token } }';
const film = '# the film\nquery Film($id: ID!) { movie(id: $id) { title } }';

describe('an API that records its traffic', () => {
  it('writes down what clients ask and no secret of theirs, which a comparison can send again', async () => {
    const file = path.join(await temporaryFolder(), 'traffic.jsonl');
    const api = await testApi({ settings: { RECORD_TRAFFIC: file } });
    const [email, password] = ['new@corral.example', 'a long secret'];
    const first = await api.ask(signUp, { variables: { email, password } });
    const token = tokenOf(first.data, 'made');
    // Three times: from the third one on it would be answered in front of Apollo Server.
    for (let times = 0; times < 3; times += 1)
      await api.ask(film, { variables: { id: '1', password, undeclared: email } });
    await api.ask('{ me { displayName } }', { token });
    await api.ask(`mutation { signIn(email: "${email}", password: "${password}") { token } }`);
    await api.ask('mutation ($s: Int!) { rateMovie(movieId: 1, stars: $s) { stars } }', {
      token,
      variables: { s: 5 },
    });
    // Neither can be executed: what it holds could be anything.
    await api.ask(`{ movie(id: 1) { title password(is: "${password}") } }`);
    await api.ask('mutation ($i: UpdateMovieInput!) { updateMovie(id: 1, input: $i) { id } }', {
      token,
      variables: { i: { password } },
    });
    await api.close();

    const operations = await readRecording(file);
    const said = operations.map(({ document, viewer, operationName, variables }) => ({
      text: document.replaceAll(/\s+/g, ' '),
      ...{ viewer, operationName, variables },
    }));
    const asked = {
      text: 'query Film($id: ID!) { movie(id: $id) { title } }',
      ...{ viewer: undefined, operationName: 'Film', variables: { id: '1' } },
    };
    const ofViewer = { viewer: 1, operationName: undefined };
    expect(said).toEqual([
      asked,
      asked,
      asked,
      { text: '{ me { displayName } }', ...ofViewer, variables: {} },
      {
        text: 'mutation ($s: Int!) { rateMovie(movieId: 1, stars: $s) { stars } }',
        ...ofViewer,
        variables: { s: 5 },
      },
    ]);
    const text = await readFile(file, 'utf8');
    for (const secret of [email, password, token, fixturePassword]) expect(text).not.toContain(secret);

    const { due } = recordedTraffic(operations, { file, speed: 1 });
    expect(due.map(({ kind }) => kind)).toEqual(['row', 'row', 'row', 'row', 'write']);

    const told = api.logged.filter((line) => /RECORD_TRAFFIC|in front of Apollo Server:/.test(line));
    expect(told).toHaveLength(2);
    expect(told.join()).toContain('Nothing is answered in front of Apollo Server');
  });

  it('does not start over a file that exists', async () => {
    const file = path.join(await temporaryFolder(), 'traffic.jsonl');
    await writeFile(file, '');
    await expect(testApi({ settings: { RECORD_TRAFFIC: file } })).rejects.toThrow(ConfigurationError);
  });
});
