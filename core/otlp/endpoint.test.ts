import { expect, it } from 'vitest';
import { otlpUrl } from './endpoint.js';

it.each([
  ['http://localhost:4318', 'http://localhost:4318/v1/logs'],
  ['http://localhost:4318/', 'http://localhost:4318/v1/logs'],
  ['https://otlp.example/otlp/', 'https://otlp.example/otlp/v1/logs'],
  ['https://otlp.example/v1/logs', 'https://otlp.example/v1/logs'],
  ['https://otlp.example/v1/logs/?project=7', 'https://otlp.example/v1/logs?project=7'],
  ['https://otlp.example/in?project=7', 'https://otlp.example/in/v1/logs?project=7'],
])('sends logs for %s to %s', (endpoint, url) => {
  expect(otlpUrl(endpoint, 'logs')).toBe(url);
});
