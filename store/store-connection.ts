import type { TableForm } from './table-form.js';

/** Values bound to `{name: Type}` of a statement. */
export type QueryParams = Readonly<Record<string, string | number | boolean | readonly string[] | readonly number[]>>;

/** A block of rows for one table. */
export interface InsertBlock {
  readonly table: string;
  /** One JSON document a line. */
  readonly lines: string;
  /** A block with a token that the table has seen among its last 1,000 is dropped by the engine. */
  readonly token: string;
}

/** A block of rows that lies in a file, in ClickHouse's Native format. */
export interface NativeBlock {
  readonly table: string;
  readonly columns: readonly (readonly [name: string, type: string])[];
  /** Of a file with the body: one or more Native blocks with these columns. Read before the insert resolves, and not after. */
  readonly path: string;
  readonly rows: number;
  /** As of an `InsertBlock`. */
  readonly token: string;
}

/** One connection. Its statements run one after the other: a writer and a reader need one each. */
export interface StoreConnection {
  /** How the tables are made in this store. */
  readonly tableForm: TableForm;
  /** Runs a statement without a result. */
  run(sql: string, params?: QueryParams): Promise<void>;
  /** Rows as JSON objects; 64-bit integers come as numbers. */
  rows<Row>(sql: string, params?: QueryParams): Promise<readonly Row[]>;
  /** Resolves when the rows are on disk. */
  insert(block: InsertBlock): Promise<void>;
  /** The same of a block in Native, which costs less than half. The thread goes on with other work meanwhile. */
  insertNative(block: NativeBlock): Promise<void>;
  /**
   * Gives freed memory of the embedded engine, of all its connections, back to the system. Its allocator keeps it otherwise:
   * after ten wide reads 317 MB of anonymous memory, after this 174 MB, in 3 ms. Does nothing where the allocator is another,
   * or the engine is not in this process.
   */
  releaseMemory(): Promise<void>;
  /** Safe twice. The embedded engine ends with the last connection of the process. */
  close(): Promise<void>;
}
