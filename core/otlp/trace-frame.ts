import { fieldSize, type WireWriter } from './wire-writer.js';

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

  /** Bytes of the request that `write` writes. */
  size(tenantField: Uint8Array): number {
    let size = 0;
    for (const group of this.resources) size += fieldSize(resourceSize(group, tenantField));
    return size;
  }

  /** Writes one request with the items of this trace. Every length is known before, so that nothing is moved afterwards. */
  write(writer: WireWriter, request: Buffer, tenantField: Uint8Array): void {
    for (const group of this.resources) {
      const { own, beside } = group.resource;
      writer.head(1, resourceSize(group, tenantField));
      writer.head(1, sizeOf(own) + tenantField.length);
      copy(writer, request, own);
      writer.raw(tenantField, 0, tenantField.length);
      for (const scope of group.scopes) writeScope(writer, request, scope);
      copy(writer, request, beside);
    }
  }
}

function resourceSize({ resource, scopes }: ResourceGroup, tenantField: Uint8Array): number {
  let size = fieldSize(sizeOf(resource.own) + tenantField.length) + sizeOf(resource.beside);
  for (const scope of scopes) size += fieldSize(scopeSize(scope));
  return size;
}

function scopeSize({ scope, items }: ScopeGroup): number {
  const own = scope.own.length === 0 ? 0 : fieldSize(sizeOf(scope.own));
  return own + sizeOf(items) + sizeOf(scope.beside);
}

function writeScope(writer: WireWriter, request: Buffer, group: ScopeGroup): void {
  const { scope, items } = group;
  writer.head(2, scopeSize(group));
  if (scope.own.length > 0) {
    writer.head(1, sizeOf(scope.own));
    copy(writer, request, scope.own);
  }
  copy(writer, request, items);
  copy(writer, request, scope.beside);
}

function copy(writer: WireWriter, request: Buffer, pieces: Pieces): void {
  for (let index = 0; index < pieces.length; index += 2) writer.raw(request, pieces[index]!, pieces[index + 1]!);
}

function sizeOf(pieces: Pieces): number {
  let size = 0;
  for (let index = 0; index < pieces.length; index += 2) size += pieces[index + 1]! - pieces[index]!;
  return size;
}
