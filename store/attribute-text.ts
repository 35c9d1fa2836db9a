import { attributeText } from '../core/attribute-text.js';
import type { Attributes } from '../core/attributes.js';

/** Attributes as a row holds them. */
export function attributeTexts(attributes: Attributes): Record<string, string> {
  // Without a prototype, so that an attribute may be called `__proto__`.
  const texts = Object.create(null) as Record<string, string>;
  for (const [key, value] of attributes) texts[key] = attributeText(value);
  return texts;
}
