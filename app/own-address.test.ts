import { expect, it } from 'vitest';
import { isOwnAddress } from './own-address.js';

it.each([
  ['http://127.0.0.1:4318', '127.0.0.1', true],
  ['http://localhost:4318/v1/logs', '127.0.0.1', true],
  ['http://[::1]:4318', '0.0.0.0', true],
  ['http://assay.internal:4318', 'assay.internal', true],
  ['http://127.0.0.1:4319', '127.0.0.1', false],
  ['http://collector:4318', '0.0.0.0', false],
  ['https://localhost', '127.0.0.1', false],
])('%s leads to an Assay on %s port 4318: %j', (url, host, expected) => {
  expect(isOwnAddress(url, { host, port: 4318 })).toBe(expected);
});
