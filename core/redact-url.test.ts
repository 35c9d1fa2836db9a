import { describe, expect, it } from 'vitest';
import { redactUrl } from './redact-url.js';

describe('redactUrl', () => {
  it('hides user and password, also a password with an @ in it', () => {
    expect(redactUrl('https://me:p@ss@llm.example:8443/v1?x=1')).toBe('https://********@llm.example:8443/v1?x=1');
  });

  it('hides a user alone, in every URL of a sentence', () => {
    expect(redactUrl('from http://token@a.example to http://u:p@b.example/')).toBe(
      'from http://********@a.example to http://********@b.example/',
    );
  });

  it('leaves a URL without one, and an @ after the host, as they are', () => {
    const text = 'https://llm.example/v1/@me?to=a@b.example and mail to a@b.example';
    expect(redactUrl(text)).toBe(text);
  });
});
