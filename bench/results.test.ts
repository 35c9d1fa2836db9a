import { describe, expect, it } from 'vitest';
import { replaceSection } from './results.js';

describe('replaceSection', () => {
  const file = '# Results\n\nIntro.\n\n## One\n\nold\n\n### Detail\n\nold\n\n## Two\n\nkept\n';

  it('replaces the section of that title up to the next one, its parts included', () => {
    expect(replaceSection(file, 'One', 'new\n')).toBe('# Results\n\nIntro.\n\n## One\n\nnew\n\n## Two\n\nkept\n');
  });

  it('adds a section that is not there at the end', () => {
    expect(replaceSection('# Results\n', 'Three', 'new')).toBe('# Results\n\n## Three\n\nnew\n');
  });

  it('does not take a longer title for this one', () => {
    expect(replaceSection('# R\n\n## One more\n\nkept\n', 'One', 'new')).toContain('kept');
  });
});
