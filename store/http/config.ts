import { z } from 'zod';
import { Secret } from '../../core/secret.js';

const pemFile = (what: string): z.ZodOptional<z.ZodString> =>
  z.string().min(1).optional().describe(`Path of a PEM file: ${what}.`);

const tls = z
  .strictObject({
    ca: pemFile('the authority that signed the certificate of ClickHouse; unset: those that Node.js trusts'),
    cert: pemFile('the certificate that Assay shows; needs `key` and `ca`'),
    key: pemFile('the key of `cert`'),
  })
  .refine(
    ({ ca, cert, key }) => (cert === undefined) === (key === undefined) && (cert === undefined || ca !== undefined),
    {
      error: 'expected cert, key and ca together, or ca alone, got one without the others',
    },
  );

/** Settings of a store that is a ClickHouse server. */
export const clickhouseConfig = z.strictObject({
  url: z
    .string()
    .refine(isServerUrl, {
      error:
        'expected the address of the HTTP interface, such as https://clickhouse.example:8443, without user, password, path and query, got another text; the rest has settings of its own',
    })
    .optional()
    .describe(
      'HTTP interface of a ClickHouse server that holds the store. Unset: the embedded engine holds it, in the data directory.',
    ),
  database: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, { error: 'expected letters, digits and _, got another name' })
    .default('default')
    .describe('Database of the tables. It must exist; the tables are made in it.'),
  cluster: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_.-]*$/, {
      error: 'expected the name of a cluster as in system.clusters: letters, digits, _, . and -, got another name',
    })
    .optional()
    .describe(
      'Cluster of the server that holds the store: its tables are replicated within a shard, and distributed over the shards by trace. Unset: the one server.',
    ),
  insertQuorum: z
    .union([z.literal('auto'), z.int().min(0).max(100)])
    .default('auto')
    .describe(
      'On a cluster: replicas of a shard that must have a block before it counts as written. `auto`: more than half; 0: the one that took it.',
    ),
  sequentialReads: z
    .boolean()
    .default(false)
    .describe(
      'On a cluster: a replica answers only when it has all that was written with a quorum. Writers then take turns, as `insert_quorum_parallel = 0` has it.',
    ),
  username: z.string().min(1).default('default').describe('User that reads and writes.'),
  password: z
    .string()
    .transform((password) => new Secret(password))
    .optional()
    .describe('Password of the user. Unset: none.'),
  tls: tls.prefault({}).describe('Certificates, for an https address.'),
  compression: z.enum(['gzip', 'none']).default('gzip').describe('How rows are compressed on the way, both ways.'),
  requestTimeoutMs: z
    .int()
    .min(100)
    .max(3_600_000)
    .default(60_000)
    .describe('Longest silence of ClickHouse in one request, in milliseconds. Long statements report their progress.'),
});

export type ClickhouseConfig = z.output<typeof clickhouseConfig>;

function isServerUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, pathname, search, hash } = new URL(text);
  return (
    /^https?:$/.test(protocol) && pathname === '/' && [username, password, search, hash].every((part) => part === '')
  );
}
