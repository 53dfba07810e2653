import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { explore } from './explore.js';
import { protocolModel } from './protocol-model.js';
import { variants } from './variants/variants.js';

const page = readFileSync(resolve(import.meta.dirname, '../../docs/model.md'), 'utf8');

describe('the page about the model', () => {
  it('has a row for every variant, in their order, with what it says and its verdict', () => {
    const rows = Array.from(page.matchAll(/^\| (.+?) +\| (.+?) +\| (SAFE|VIOLATION) +\|$/gm), (row) =>
      row.slice(1),
    );
    const expected = variants.map(({ name, says, breaks }) => [name, says, breaks ? 'VIOLATION' : 'SAFE']);
    expect(rows).toEqual(expected);
  });

  it('shows the counter-examples that are found', () => {
    const shown = Array.from(page.matchAll(/^\*\*(.+)\*\*\n\n```text\n([\s\S]*?)\n```$/gm));
    expect(shown.length).toBeGreaterThan(1);
    for (const [, name, steps] of shown) {
      const variant = variants.find((one) => one.name === name);
      const found = variant && explore(protocolModel(variant.rules)).steps.join('\n');
      expect({ name, steps: found }).toEqual({ name, steps });
    }
  });
});
