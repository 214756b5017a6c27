// Files of items: what is read, what is refused with its line, and that nothing is lost on the way out and back.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readItems, writeJsonLines } from './item-files.ts';

describe('JSONL', () => {
  it('comes back as it went out', () => {
    const item = fc.record({ id: fc.string(), input: fc.jsonValue(), expectedOutput: fc.jsonValue(), metadata: fc.jsonValue() });
    fc.assert(
      fc.property(fc.array(item), (items) => {
        const plain = JSON.parse(JSON.stringify(items)) as typeof items;
        expect(readItems('x.jsonl', writeJsonLines(plain))).toEqual({ items: plain });
      }),
    );
  });

  it('takes an object without known names as the input, and names the line of a fault', () => {
    expect(readItems('x.jsonl', '\uFEFF{"text":"a"}\n\n{"question":"q","answer":"a"}\n')).toEqual({
      items: [{ input: { text: 'a' } }, { input: 'q', expectedOutput: 'a' }],
    });
    expect(readItems('x.jsonl', '{"input":1}\n{"input":')).toEqual({ line: 2, fault: 'not-json' });
    expect(readItems('x.jsonl', '[1]')).toEqual({ line: 1, fault: 'not-an-object' });
  });
});

describe('CSV', () => {
  it('reads quotes, commas, line ends and JSON cells', () => {
    const text = 'Input,Expected Output,other\r\n"a, ""b""\nc",{"x":1},z\r\n12,2026-01-01,\r\n';
    expect(readItems('x.CSV', text)).toEqual({
      items: [
        { input: 'a, "b"\nc', expectedOutput: { x: 1 } },
        { input: '12', expectedOutput: '2026-01-01' },
      ],
    });
  });

  it('refuses what has no known column or an open quote', () => {
    expect(readItems('x.csv', 'a,b\n1,2\n')).toEqual({ line: 1, fault: 'no-columns' });
    expect(readItems('x.csv', 'input\n"a\n')).toMatchObject({ fault: 'open-quote' });
  });

  it('never throws', () => {
    fc.assert(fc.property(fc.string(), (text) => void readItems('x.csv', text)));
  });
});
