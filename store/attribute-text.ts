import { attributeText } from '../core/attribute-text.js';
import type { Attributes } from '../core/attributes.js';

/** Attributes as a row holds them, without those of some keys. */
export function attributeTexts(attributes: Attributes, without: readonly string[] = []): Record<string, string> {
  // Without a prototype, so that an attribute may be called `__proto__`.
  const texts = Object.create(null) as Record<string, string>;
  for (const [key, value] of attributes) if (!without.includes(key)) texts[key] = attributeText(value);
  return texts;
}
