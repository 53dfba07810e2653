import { describe, expect, it } from 'vitest';
import { filmRows, readReleaseDate } from '../../prisma/seed/film-rows.js';
import { readFilms } from '../../prisma/seed/read-films.js';

const raw = {
  Title: 'Alien',
  'US Gross': null,
  'Worldwide Gross': 203_630_630,
  'Production Budget': 9_000_000,
  'Release Date': 'May 25 1979',
  'MPAA Rating': '',
  'Running Time min': null,
  Distributor: '',
  Source: 'Original Screenplay',
  'Major Genre': 'Horror',
  'Creative Type': null,
  Director: 'Ridley Scott',
  'Rotten Tomatoes Rating': 97,
  'IMDB Rating': 8.5,
  'IMDB Votes': 180_387,
};

describe('a film row', () => {
  it('is the raw row with empty texts as null', () => {
    expect(filmRows([raw])).toEqual({
      people: [expect.objectContaining({ id: 1, name: 'Ridley Scott' })],
      films: [
        {
          id: 1,
          title: 'Alien',
          releaseDate: '1979-05-25',
          releaseYear: 1979,
          genre: 'Horror',
          creativeType: null,
          source: 'Original Screenplay',
          mpaaRating: null,
          runningTimeMinutes: null,
          distributor: null,
          usGross: null,
          worldwideGross: 203_630_630,
          productionBudget: 9_000_000,
          imdbRating: 8.5,
          imdbVotes: 180_387,
          rottenTomatoesScore: 97,
          directorId: 1,
          createdAt: '2023-01-01T00:00:00.000Z',
          updatedAt: '2023-01-01T00:00:00.000Z',
        },
      ],
    });
  });

  it('has a text as title where the file has a number, and is left out where it has none', () => {
    const { films } = filmRows([
      { ...raw, Title: 300 },
      { ...raw, Title: null },
      { ...raw, Title: '' },
    ]);
    expect(films.map(({ id, title }) => [id, title])).toEqual([[1, '300']]);
  });

  it('has its accents back', () => {
    const { films } = filmRows([
      { ...raw, Title: 'DÈj‡ Vu' },
      { ...raw, Title: 'Alien³' },
    ]);
    expect(films.map(({ title }) => title)).toEqual(['Déjà Vu', 'Alien³']);
  });

  it('shares the person with the other films of its director', () => {
    const { films, people } = filmRows([raw, { ...raw, Director: '' }, { ...raw, Director: null }, raw]);
    expect(people).toHaveLength(1);
    expect(films.map(({ directorId }) => directorId)).toEqual([1, null, null, 1]);
  });
});

describe('a release date', () => {
  it.each([
    ['Jun 12 1998', '1998-06-12'],
    ['Dec 21 2012', '2012-12-21'],
    ['Dec 15 2039', '1939-12-15'],
    ['Feb 08 2015', '1915-02-08'],
    ['Unknown', null],
  ])('%s is %s', (text, date) => {
    expect(readReleaseDate(text)).toBe(date);
  });
});

describe('the films of vega-datasets', () => {
  it('are 3,200, in the order of the file, from 1915 to 2011', async () => {
    const { films, people } = await readFilms();
    const years = films.flatMap(({ releaseYear }) => releaseYear ?? []);
    expect(films).toHaveLength(3_200);
    expect(people).toHaveLength(550);
    expect(films.map(({ id }) => id)).toEqual(films.map((_, index) => index + 1));
    expect(films[0]?.title).toBe('The Land Girls');
    expect([Math.min(...years), Math.max(...years)]).toEqual([1915, 2011]);
    expect(films.filter(({ title }) => /[ÈÍËÎ‰‡·ÛÙ˘ΩÖ]/.test(title))).toEqual([]);
    expect(films.filter((film) => Object.values(film).includes(''))).toEqual([]);
  });
});
