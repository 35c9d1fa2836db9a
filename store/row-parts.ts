import { attributeText } from '../core/attribute-text.js';
import type { Attributes } from '../core/attributes.js';
import { TENANT_ATTRIBUTE } from '../core/otlp/split-request.js';
import { attributeTexts } from './attribute-text.js';

/** Time of a span or log record as it was sent, in ns, where `Timestamp` is clamped. */
export const ORIGINAL_TIMESTAMP = 'assay.original_timestamp';

const CLAMP_NS = 7n * 24n * 3_600n * 1_000_000_000n;
const MAX_DATETIME64_NS = 2n ** 63n - 1n;
const SECOND_NS = 1_000_000_000n;

/** Where a span or a log record came from. */
export interface RecordOrigin {
  readonly tenant: string;
  /** Bus time of its record on the bus, in ms. */
  readonly acceptedAtMs: number;
}

/** A resource's part of a row. */
export interface ResourcePart {
  readonly texts: Readonly<Record<string, string>>;
  readonly service: string;
}

/** The resource's part of rows of one origin; made once for each resource. */
export function createResourceParts(origin: RecordOrigin): (resource: Attributes) => ResourcePart {
  const parts = new Map<Attributes, ResourcePart>();
  return (resource) => {
    let part = parts.get(resource);
    if (part === undefined) {
      const texts = attributeTexts(resource);
      // The client's own was dropped at admission.
      if (origin.tenant !== '') texts[TENANT_ATTRIBUTE] = origin.tenant;
      part = { texts, service: attributeText(resource.get('service.name') ?? '') };
      parts.set(resource, part);
    }
    return part;
  };
}

/** A time within seven days of bus time, which decides the partition: 150 days in one block make a whole insert fail. */
export function clampToBus(timeNs: bigint, acceptedAtMs: number): bigint {
  const busNs = BigInt(Math.trunc(acceptedAtMs)) * 1_000_000n;
  if (timeNs < busNs - CLAMP_NS) return busNs - CLAMP_NS;
  return timeNs > busNs + CLAMP_NS ? busNs + CLAMP_NS : timeNs;
}

/** Seconds with nine decimals, which DateTime64(9) reads whatever the time zone; of ten digits, as it takes others for dates. */
export function dateTime64(timeNs: bigint): string {
  const ns = timeNs > MAX_DATETIME64_NS ? MAX_DATETIME64_NS : timeNs;
  return `${String(ns / SECOND_NS).padStart(10, '0')}.${String(ns % SECOND_NS).padStart(9, '0')}`;
}

/** Attributes of a row. */
export type Texts = Readonly<Record<string, string>>;

export function toAttributes(texts: Texts): Map<string, string> & Attributes {
  return new Map(Object.entries(texts));
}

/** Takes out what Assay noted. Only a whole number counts: the name is ours, but a sender may have used it. */
export function takeNumber(attributes: Map<string, string>, key: string): string | undefined {
  const text = attributes.get(key);
  if (text === undefined || !/^\d{1,20}$/.test(text)) return undefined;
  attributes.delete(key);
  return text;
}
