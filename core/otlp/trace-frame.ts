import { WireWriter } from './wire-writer.js';

/** Bytes of the request that are passed on as they are: start, end, start, end, … Neighbours are one piece. */
export type Pieces = number[];

export function addPiece(pieces: Pieces, start: number, end: number): void {
  const last = pieces.length - 1;
  if (last > 0 && pieces[last] === start) pieces[last] = end;
  else pieces.push(start, end);
}

/** A resource or a scope: the fields of its own message, and those that stand beside it, such as the schema URL. */
export interface Owner {
  readonly own: Pieces;
  readonly beside: Pieces;
}

/** The spans or log records that one trace has in one scope. */
interface ScopeGroup {
  readonly scope: Owner;
  readonly items: Pieces;
}

interface ResourceGroup {
  readonly resource: Owner;
  readonly scopes: ScopeGroup[];
}

/** Where an item lies in a request. */
export interface Place {
  readonly resource: Owner;
  readonly scope: Owner;
}

/** What one trace holds of a request: spans, or log records, which lie in it alike. */
export class TraceGroups {
  count = 0;
  private readonly resources: ResourceGroup[] = [];

  add(place: Place, start: number, end: number): void {
    this.count++;
    let group = this.resources.at(-1);
    if (group?.resource !== place.resource) {
      group = { resource: place.resource, scopes: [] };
      this.resources.push(group);
    }
    let scope = group.scopes.at(-1);
    if (scope?.scope !== place.scope) {
      scope = { scope: place.scope, items: [] };
      group.scopes.push(scope);
    }
    addPiece(scope.items, start, end);
  }

  /** Upper bound of the bytes that `frame` gives, and close to it. */
  maxSize(tenantField: Uint8Array): number {
    let size = 0;
    for (const { resource, scopes } of this.resources) {
      size += GROUP_OVERHEAD + tenantField.length + sizeOf(resource.own) + sizeOf(resource.beside);
      for (const { scope, items } of scopes) {
        size += GROUP_OVERHEAD + sizeOf(scope.own) + sizeOf(scope.beside) + sizeOf(items);
      }
    }
    return size;
  }

  /** One request with the items of this trace, in a buffer of its own. */
  frame(request: Buffer, tenantField: Uint8Array): Uint8Array {
    const writer = new WireWriter(this.maxSize(tenantField));
    for (const { resource, scopes } of this.resources) {
      const resourceItems = writer.open(1);
      const own = writer.open(1);
      copy(writer, request, resource.own);
      writer.raw(tenantField, 0, tenantField.length);
      writer.close(own);
      for (const group of scopes) frameScope(writer, request, group);
      copy(writer, request, resource.beside);
      writer.close(resourceItems);
    }
    return writer.finish();
  }
}

/** Two heads of embedded messages: a tag of one byte and a length of at most five each. */
const GROUP_OVERHEAD = 12;

function frameScope(writer: WireWriter, request: Buffer, group: ScopeGroup): void {
  const scopeItems = writer.open(2);
  if (group.scope.own.length > 0) {
    const own = writer.open(1);
    copy(writer, request, group.scope.own);
    writer.close(own);
  }
  copy(writer, request, group.items);
  copy(writer, request, group.scope.beside);
  writer.close(scopeItems);
}

function copy(writer: WireWriter, request: Buffer, pieces: Pieces): void {
  for (let index = 0; index < pieces.length; index += 2) writer.raw(request, pieces[index]!, pieces[index + 1]!);
}

function sizeOf(pieces: Pieces): number {
  let size = 0;
  for (let index = 0; index < pieces.length; index += 2) size += pieces[index + 1]! - pieces[index]!;
  return size;
}
