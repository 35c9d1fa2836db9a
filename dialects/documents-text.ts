import type { AttributeValue } from '../core/attributes.js';
import { content, isStructure, list, member } from './values.js';

/** Retrieved documents as text: their contents where each has one, else what was sent. */
export function documentsText(documents: AttributeValue | undefined): string | undefined {
  const texts = list(documents).map((item) =>
    content(isStructure(item) ? member(item, 'content', 'page_content', 'pageContent', 'text') : item),
  );
  return texts.length > 0 && texts.every((item) => item !== undefined) ? texts.join('\n') : content(documents);
}
