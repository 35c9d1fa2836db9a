import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { schemaError } from './schema-error.js';

describe('schemaError', () => {
  it.each([
    [
      'a wrong type',
      { type: 'object', properties: { a: { type: 'integer' } } },
      { a: 1.5 },
      'an error: "/a" must be integer',
    ],
    ['a missing property', { required: ['a'] }, {}, 'an error: the arguments must have required property "a"'],
    [
      'a value outside the enum',
      { properties: { a: { enum: ['x', 'y'] } } },
      { a: 'z' },
      'an error: "/a" must be equal to one of the allowed values',
    ],
    [
      'a property too many',
      { properties: { a: {} }, additionalProperties: false },
      { b: 1 },
      'an error: the arguments must NOT have additional properties ("b")',
    ],
    [
      'a wrong type behind a reference',
      { $defs: { n: { type: 'number' } }, properties: { a: { $ref: '#/$defs/n' } } },
      { a: 'x' },
      'an error: "/a" must be number',
    ],
    [
      'what no alternative takes',
      { properties: { a: { anyOf: [{ type: 'string' }, { type: 'null' }] } } },
      { a: 1 },
      'an error: "/a" must be string',
    ],
    ['a schema sent as text', '{"required":["a"]}', {}, 'an error: the arguments must have required property "a"'],
    [
      'a wrong element',
      { properties: { a: { items: { type: 'string' } } } },
      { a: ['x', 1] },
      'an error: "/a/1" must be string',
    ],
  ])('finds %s', (...[, schema, value, error]) => {
    expect(schemaError(schema, value)).toBe(error);
  });

  it.each([
    ['arguments that fit', { type: 'object', properties: { a: { type: ['string', 'null'] } } }, { a: null }],
    ['null where it is nullable', { properties: { a: { type: 'string', nullable: true } } }, { a: null }],
    [
      'a pattern, which could be made slow',
      { properties: { a: { type: 'string', pattern: '^(a+)+$' } } },
      { a: `${'a'.repeat(40)}!` },
    ],
    [
      'additional properties where patterns decide which they are',
      { patternProperties: { '^x': {} }, additionalProperties: false },
      { x1: 1 },
    ],
    ['two alternatives that both fit, since patterns may tell them apart', { oneOf: [{ type: 'object' }, {}] }, {}],
    ['a negation', { not: { pattern: 'x' } }, {}],
    ['a reference to elsewhere', { properties: { a: { $ref: 'https://example.com/schema.json' } } }, { a: 1 }],
    ['a recursive schema', { properties: { a: { allOf: [{ $ref: '#' }, { $ref: '#' }] } } }, { a: { a: { a: 1 } } }],
    ['an array in place of a schema', [], {}],
    ['text in place of a schema', 'string', {}],
    ['a type that does not exist', { type: 'text' }, {}],
    ['a draft that is not known', { $schema: 'https://example.com/none', type: 'object' }, {}],
    [
      'tuples, which each draft writes in its own way',
      { properties: { a: { prefixItems: [{}], items: false } } },
      { a: [1] },
    ],
  ])('does not object to %s', (_, schema, value) => {
    expect(schemaError(schema, value)).toBeUndefined();
  });

  it('is quick on references that multiply', () => {
    const $defs = Object.fromEntries(
      Array.from({ length: 40 }, (_, at) => [
        `d${at}`,
        { allOf: [{ $ref: `#/$defs/d${at + 1}` }, { $ref: `#/$defs/d${at + 1}` }] },
      ]),
    );
    const startedMs = performance.now();
    expect(schemaError({ $defs, $ref: '#/$defs/d0' }, {})).toBeUndefined();
    expect(performance.now() - startedMs).toBeLessThan(1_000);
  });

  it('never throws, whatever is sent as schema and arguments', () => {
    const keyword = fc.constantFrom(
      'type',
      'properties',
      'required',
      'items',
      'enum',
      'anyOf',
      '$ref',
      '__proto__',
      'minimum',
      'constructor',
      '$id',
      'additionalProperties',
      'allOf',
      'const',
      'format',
    );
    const { schema } = fc.letrec((tie) => ({
      schema: fc.oneof(
        { depthSize: 'small' },
        fc.jsonValue(),
        fc.constantFrom('#', '#/properties/a', 'string'),
        fc.array(tie('schema'), { maxLength: 3 }),
        fc.dictionary(keyword, tie('schema'), { maxKeys: 4 }),
      ),
    }));
    fc.assert(
      fc.property(schema, fc.jsonValue(), (hostile, value) => {
        const error = schemaError(hostile, value);
        expect(error === undefined || error.startsWith('an error: ')).toBe(true);
      }),
      { numRuns: 400 },
    );
  });
});
