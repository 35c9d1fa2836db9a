import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { AttributeValue } from '../../core/attributes.js';
import { type StoredRecord, TENANT_HEADER } from '../../core/log.js';
import { decodeSpans } from '../../core/otlp/decode-spans.js';
import {
  encodeRequest,
  reverseFields,
  type RequestModel,
  type SpanModel,
} from '../../core/otlp/testing.test-support.js';
import { WireWriter } from '../../core/otlp/wire-writer.js';
import { packageRoot } from '../../core/package-root.js';
import { BlockFiles } from '../block-files.js';
import { storeConfig } from '../config.js';
import { openStoreConnection, type StoreConnection } from '../connection.js';
import { migrate } from '../migrate.js';
import { toSpanRows } from '../span-row.test-support.js';
import { SPAN_TABLE_COLUMNS } from './span-columns.js';
import { SpanEncoder } from './span-encoder.js';
import { TimeRange } from './time-range.js';

const NOW_MS = 1_760_000_000_000;
const NOW_NS = BigInt(NOW_MS) * 1_000_000n;
/** Stands for bytes that are no UTF-8: as many, and put in their place once the request is encoded. */
const INVALID = '\uE000';

function record(value: Uint8Array, { tenant = 'acme', acceptedAtMs = NOW_MS } = {}): StoredRecord {
  const headers = tenant === '' ? {} : { [TENANT_HEADER]: tenant };
  return { topic: 'spans', key: '', value, headers, partition: 0, offset: 0, acceptedAtMs };
}

function withInvalid(bytes: Uint8Array): Uint8Array {
  const text = Buffer.from(bytes)
    .toString('latin1')
    .replaceAll(Buffer.from(INVALID).toString('latin1'), '\xff\x41\xc0');
  return Buffer.from(text, 'latin1');
}

const text = fc.oneof(
  fc.constantFrom(
    '',
    'a',
    'gen_ai.system',
    'Ünï',
    '\u{1F600}',
    '\0',
    '"\\\n\u2028',
    INVALID,
    `x${INVALID}`,
    'x'.repeat(47),
  ),
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({ minLength: 100, maxLength: 200 }),
);
const key = fc.oneof(
  fc.constantFrom('', 'a', 'b', '0', '17', '01', '__proto__', 'assay.tenant', 'service.name', INVALID, '\uFFFDA\uFFFD'),
  fc.constantFrom('assay.original_timestamp', 'assay.original_end_timestamp', 'gen_ai.input.messages'),
  text,
);
const scalar: fc.Arbitrary<AttributeValue> = fc.oneof(
  text,
  fc.boolean(),
  fc.constant(null),
  fc.integer(),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.constantFrom(
    0,
    9,
    10,
    99,
    2 ** 31,
    2 ** 32 - 1,
    2 ** 32,
    -1,
    2 ** 53,
    -(2n ** 63n),
    NaN,
    Infinity,
    -Infinity,
    -0,
    1e21,
    5e-324,
  ),
  fc.double(),
  fc.uint8Array({ maxLength: 20 }),
);
const { value } = fc.letrec<{ value: AttributeValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.oneof(text, fc.constantFrom('1', 'b', 'a')), tie('value'), { maxKeys: 3, noNullPrototype: false }),
  ),
}));
const attributes = fc.array(fc.tuple(key, value), { maxLength: 6 });
const hex = (bytes: number): fc.Arbitrary<string> =>
  fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((id) => Buffer.from(id).toString('hex'));
const time = fc.oneof(
  fc.bigInt({ min: NOW_NS - 10n ** 9n, max: NOW_NS + 10n ** 9n }),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  fc.constantFrom(
    0n,
    1n,
    2n ** 32n,
    2n ** 63n,
    2n ** 64n - 1n,
    NOW_NS,
    NOW_NS - 604_800_000_000_000n,
    NOW_NS + 604_800_000_000_001n,
  ),
);
const span: fc.Arbitrary<SpanModel> = fc.record(
  {
    traceId: hex(16),
    spanId: hex(8),
    parentSpanId: fc.oneof(hex(8), fc.constantFrom('', '0000000000000000')),
    traceState: text,
    name: text,
    kind: fc.integer({ min: -1, max: 7 }),
    startNs: time,
    endNs: time,
    statusCode: fc.integer({ min: -1, max: 4 }),
    statusMessage: text,
    attributes,
    events: fc.array(fc.record({ name: text, timeNs: time, attributes }), { maxLength: 3 }),
    links: fc.array(fc.record({ traceId: hex(16), spanId: fc.oneof(hex(8), hex(3)), attributes }), { maxLength: 2 }),
  },
  { requiredKeys: ['traceId', 'spanId'] },
);
const scope = fc.record(
  { name: text, version: text, spans: fc.array(span, { maxLength: 4 }) },
  { requiredKeys: ['spans'] },
);
const request = fc.array(
  fc.record({ resource: attributes, scopes: fc.array(scope, { maxLength: 3 }) }, { requiredKeys: ['scopes'] }),
  { maxLength: 3 },
) as fc.Arbitrary<RequestModel>;
const origin = fc.record({
  tenant: fc.constantFrom('', 'acme', 'ä'),
  acceptedAtMs: fc.constantFrom(NOW_MS, NOW_MS + 0.5, 0, 5 * NOW_MS),
});

describe('spans in Native', () => {
  let directory: string;
  let connection: StoreConnection;
  let files: BlockFiles;
  let inserts = 0;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'assay-native-'));
    connection = await openStoreConnection({ ...storeConfig.parse({}), dataDirectory: directory });
    await migrate(connection);
    await connection.run('CREATE TABLE in_memory AS otel_traces ENGINE = Memory');
    files = new BlockFiles(directory);
    await files.open();
  });

  afterAll(async () => {
    await files.close();
    await connection.close();
    await rm(directory, { recursive: true, force: true });
  });

  /** Blocks of at most `blockBytes`, or of one row. */
  async function insertNative(
    records: readonly StoredRecord[],
    blockBytes: number,
    table = 'otel_traces',
  ): Promise<void> {
    const encoder = new SpanEncoder();
    const file = await files.create();
    let rows = 0;
    const flush = async (): Promise<void> => {
      rows += encoder.rows;
      if (encoder.rows > 0) await file.write(encoder.toNative());
      encoder.clear();
    };
    for (const each of records) {
      encoder.open(each);
      while (!encoder.encode(blockBytes)) await flush();
    }
    await flush();
    const block = { table, columns: SPAN_TABLE_COLUMNS, path: file.path, rows };
    if (rows > 0) await connection.insertNative({ ...block, token: `native ${inserts++}` });
    await file.remove();
  }

  async function insertJson(records: readonly StoredRecord[]): Promise<void> {
    const lines = records.flatMap((each) =>
      [
        ...toSpanRows(decodeSpans(each.value), {
          tenant: each.headers[TENANT_HEADER] ?? '',
          acceptedAtMs: each.acceptedAtMs,
        }),
      ].map((row) => JSON.stringify(row)),
    );
    await connection.insert({ table: 'in_memory', lines: lines.join('\n'), token: `json ${inserts++}` });
  }

  async function taken(): Promise<readonly { hash: string; row: string }[]> {
    const rows = await connection.rows<{ hash: string; row: string }>(
      'SELECT toString(cityHash64(*)) AS hash, toString(tuple(*)) AS row FROM in_memory ORDER BY hash',
    );
    await connection.run('TRUNCATE TABLE in_memory');
    return rows;
  }

  async function expectSame(records: readonly StoredRecord[], blockBytes: number): Promise<number> {
    await insertJson(records);
    const expected = await taken();
    await insertNative(records, blockBytes, 'in_memory');
    expect(await taken()).toEqual(expected);
    return expected.length;
  }

  it('are the rows that their objects would give, whatever is in them and whatever the order of the fields', async () => {
    let seen = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(request, origin, fc.boolean()), { minLength: 1, maxLength: 8 }),
        fc.constantFrom(1, 3_000, 1e9),
        async (requests, blockBytes) => {
          const records = requests.map(([model, from, isReversed]) => {
            const bytes = withInvalid(encodeRequest(model));
            return record(isReversed ? reverseFields(bytes) : bytes, from);
          });
          seen += await expectSame(records, blockBytes);
        },
      ),
      { numRuns: 60, endOnFailure: true },
    );
    expect(seen).toBeGreaterThan(200);
  }, 120_000);

  const captures = readdirSync(join(packageRoot(), 'test', 'fixtures', 'otlp'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('-traces.body.bin') || /kafka.*\.bin$/.test(name))
    .map((name) => readFileSync(join(packageRoot(), 'test', 'fixtures', 'otlp', name)));

  it('are the rows that their objects would give, of every capture of a real emitter', async () => {
    const rows = await expectSame(
      captures.flatMap((bytes) => [
        record(bytes),
        record(bytes, { acceptedAtMs: NOW_MS / 2 }),
        record(reverseFields(bytes)),
      ]),
      100_000,
    );
    expect(captures.length).toBeGreaterThan(15);
    expect(rows).toBeGreaterThan(3 * captures.length);
  });

  it('take what comes twice in a message as its objects do, even an id that was too long at first', async () => {
    const writer = new WireWriter();
    const resource = writer.open(1);
    for (const name of ['first', 'second']) {
      const part = writer.open(1);
      keyValue(writer, 1, ['service.name', name]);
      writer.close(part);
    }
    const scopeSpans = writer.open(2);
    const item = writer.open(2);
    for (const id of [1, 2]) {
      const times = id === 1 ? 20 : 1;
      writer.bytes(1, Buffer.alloc(times * 16, id));
      writer.bytes(2, Buffer.alloc(times * 8, id));
      writer.bytes(4, Buffer.alloc(times * 8, id - 1));
      writer.string(5, `name ${id}`);
      writer.fixed64(7, NOW_NS + BigInt(id));
    }
    keyValue(writer, 9, ['k', 'a', 'b']);
    const status = writer.open(15);
    writer.string(2, 'message');
    writer.close(status);
    const again = writer.open(15);
    writer.int32(3, 2);
    writer.close(again);
    writer.fixed64(99, 1n);
    writer.close(item);
    writer.close(scopeSpans);
    writer.close(resource);
    expect(await expectSame([record(writer.finish())], 1e9)).toBe(1);
  });

  it('are refused exactly where objects are refused, and leave nothing behind', () => {
    const encoder = new SpanEncoder();
    let refused = 0;
    fc.assert(
      fc.property(request, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }), (model, changes) => {
        const bytes = Buffer.from(encodeRequest(model));
        for (const [at, byte] of changes) if (bytes.length > 0) bytes[at % bytes.length] = byte;
        let expected = '';
        let spans = 0;
        try {
          spans = decodeSpans(bytes).length;
        } catch (error) {
          expected = (error as Error).message;
          refused += 1;
        }
        let got = '';
        try {
          encoder.open(record(bytes));
          encoder.encode(1e9);
        } catch (error) {
          got = (error as Error).message;
        }
        expect(got).toBe(expected);
        expect(encoder.rows).toBe(spans);
        encoder.reset();
      }),
      { numRuns: 600 },
    );
    expect(refused).toBeGreaterThan(30);
  });

  it('of a block that is written again, in parts of days and cut alike, are not stored twice, nor seen twice by its view', async () => {
    const days = [0, 1, 2, 3].map((day) => NOW_NS + BigInt(day) * 86_400_000_000_000n);
    const spans = Array.from({ length: 400 }, (_, n) => ({
      traceId: (n + 1).toString(16).padStart(32, '0'),
      spanId: '0000000000000001',
      startNs: days[n % 4]!,
      endNs: days[n % 4]! + 1n,
    }));
    const records = [record(encodeRequest([{ resource: {}, scopes: [{ spans }] }]))];
    await insertNative(records, 3_000);
    inserts -= 1;
    await insertNative(records, 3_000);
    expect(await connection.rows('SELECT count() AS n FROM otel_traces')).toEqual([{ n: 400 }]);
    expect(await connection.rows('SELECT count() AS n, uniqExact(TraceId) AS u FROM otel_traces_trace_id_ts')).toEqual([
      { n: 400, u: 400 },
    ]);
    expect(
      await connection.rows("SELECT count() AS n FROM system.parts WHERE table = 'otel_traces' AND active"),
    ).toEqual([{ n: 4 }]);
    // Other rows with another token are others.
    await insertNative(records, 3_000);
    expect(await connection.rows('SELECT count() AS n FROM otel_traces')).toEqual([{ n: 800 }]);
  });
});

/** An attribute with its values before its name. */
function keyValue(writer: WireWriter, field: number, [name, ...values]: readonly [string, ...string[]]): void {
  const entry = writer.open(field);
  for (const each of values) {
    const any = writer.open(2);
    writer.string(1, each);
    writer.close(any);
  }
  writer.string(1, name);
  writer.close(entry);
}

describe('a span that no row can be made of', () => {
  afterEach(() => vi.restoreAllMocks());

  /** No bytes are known that the encoder fails on, so it is made to fail on this time. */
  const POISON_NS = 666;

  const recordOf = (starts: readonly number[]): StoredRecord => {
    const spans = starts.map((startNs) => ({
      traceId: 'ab'.repeat(16),
      spanId: 'cd'.repeat(8),
      startNs: BigInt(startNs),
    }));
    return record(encodeRequest([{ resource: [['service.name', 's']], scopes: [{ spans }] }]));
  };

  const encodeAll = (records: readonly StoredRecord[]): [Buffer, number[]] => {
    const encoder = new SpanEncoder();
    const left: number[] = [];
    for (const each of records) {
      encoder.open(each);
      encoder.encode(Infinity);
      left.push(...encoder.takeUnwritable().map(({ index }) => index));
    }
    return [Buffer.concat(encoder.toNative()), left];
  };

  it.each([
    [
      [
        [POISON_NS, 2, 3],
        [4, 5, 6],
      ],
      [0],
    ],
    [
      [
        [1, POISON_NS, 3],
        [4, 5, 6],
      ],
      [1],
    ],
    [
      [
        [1, 2, 3],
        [4, 5, POISON_NS],
      ],
      [2],
    ],
    [
      [
        [1, POISON_NS, POISON_NS],
        [POISON_NS, 5, 6],
      ],
      [1, 2, 0],
    ],
    [[[POISON_NS], [4]], [0]],
  ])('is left out, and the others are written as if it had not been: %j', (starts, unwritable) => {
    vi.spyOn(TimeRange.prototype, 'isBefore').mockImplementation((low) => {
      if (low === POISON_NS) throw new RangeError('too long');
      return false;
    });
    const [native, left] = encodeAll(starts.map(recordOf));
    expect(left).toEqual(unwritable);
    const others = starts.map((of) => recordOf(of.filter((startNs) => startNs !== POISON_NS)));
    expect(native).toEqual(encodeAll(others)[0]);
  });
});
