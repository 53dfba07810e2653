import { buildSchema, parse, validate } from 'graphql';
import { describe, expect, it } from 'vitest';
import { recordableText } from '../../src/traffic/recordable-text.js';

const schema = buildSchema(/* GraphQL */ `
  directive @withToken(token: String) on FIELD

  input Address {
    street: String
    owner: Owner
  }
  input Owner {
    name: String
    address: Address
    password: String
  }
  input Plain {
    title: String
    next: Plain
  }
  type Account {
    id: ID
    email: String
  }
  type Query {
    film(id: ID, plain: Plain): Account
    explained(document: String): ID
  }
  type Mutation {
    signIn(email: String, password: String): Account
    move(to: Address): Account
    redeem(apiKey: String): Account
    invite(eMail: String): Account
    rate(id: ID): Account
  }
`);

function recorded(text: string): string | undefined {
  const document = parse(text);
  expect(validate(schema, document)).toEqual([]);
  return recordableText(document, schema);
}

describe('what may be written down of a document', () => {
  it.each<[how: string, text: string]>([
    ['as a literal', 'mutation { signIn(email: "a@b.example", password: "hunter2") { id } }'],
    ['as a variable', 'mutation ($a: String, $b: String) { signIn(email: $a, password: $b) { id } }'],
    [
      'as the default of a variable',
      'mutation ($a: String = "hunter2") { signIn(email: "", password: $a) { id } }',
    ],
    ['under an alias', 'mutation { film: signIn(email: "", password: "hunter2") { id } }'],
    [
      'in a fragment',
      'mutation { ...F } fragment F on Mutation { signIn(email: "", password: "hunter2") { id } }',
    ],
    ['nested in an input object', 'mutation { move(to: { owner: { password: "hunter2" } }) { id } }'],
    ['nested in a variable that is an input object', 'mutation ($to: Address) { move(to: $to) { id } }'],
    ['under another name for a secret', 'mutation { redeem(apiKey: "hunter2") { id } }'],
    ['that is an e-mail address', 'mutation { invite(eMail: "a@b.example") { id } }'],
    ['in an argument of a directive', '{ film(id: 1) @withToken(token: "hunter2") { id } }'],
    ['in a document that is an argument', '{ explained(document: "{ signIn(password: 1) }") }'],
    [
      'in another operation of the document',
      'query A { film(id: 1) { id } } mutation B { signIn(email: "", password: "hunter2") { id } }',
    ],
  ])('is nothing where it takes a secret %s', (_how, text) => {
    expect(recorded(text)).toBeUndefined();
  });

  it('is nothing where a place for a secret is left empty', () => {
    expect(recorded('mutation { move(to: { street: "Main" }) { id } }')).toBeUndefined();
  });

  it('has neither comments nor descriptions', () => {
    const text = recorded(
      '# hunter2\n"hunter2" query A("hunter2" $id: ID) { film(id: $id) { id } # hunter2\n}',
    );
    expect(text).toBe('query A($id: ID) {\n  film(id: $id) {\n    id\n  }\n}');
  });

  it('is all else, what answers tell and input objects within themselves too', () => {
    expect(recorded('{ film(plain: { next: { title: "A" } }) { email } }')).toContain('title: "A"');
    expect(recorded('mutation { rate(id: 1) { id } }')).toContain('rate(id: 1)');
  });
});
