import { randomBytes } from 'node:crypto';
import type { Evidence } from '../core/evidence.js';
import type { Model } from '../core/model.js';
import { buildPrompt, toRequest } from './build-prompt.js';
import type { JudgesConfig } from './config.js';
import { worstCaseMicroUsd } from './pricing.js';
import { CHARS_PER_TOKEN } from './render-evidence.js';
import type { Rubric } from './rubric.js';

/** What one vote would send and could cost. */
export interface CallPreview {
  readonly system: string;
  readonly user: string;
  /** Estimated at four characters a token, of what is sent with its schema. */
  readonly inputTokens: number;
  readonly maxOutputTokens: number;
  /** Of one call: what the budget would set aside for it. */
  readonly worstCaseMicroUsd: number;
  /** Most votes of a criterion. */
  readonly votes: number;
}

/** The prompt that a judge would be sent, under a nonce as fresh as any, and what it could cost. Nothing is bought. */
export function previewCall(
  options: Pick<JudgesConfig, 'votes'>,
  asked: {
    readonly rubric: Rubric;
    readonly evidence: Evidence;
    readonly model: Pick<Model, 'price' | 'parameters'>;
  },
): CallPreview {
  const { rubric, evidence, model } = asked;
  const nonce = randomBytes(12).toString('hex');
  const request = toRequest(buildPrompt(rubric, evidence, nonce), rubric, model.parameters);
  const { system, user, schema, maxOutputTokens } = request;
  const chars = system.length + user.length + JSON.stringify(schema).length;
  return {
    ...{ system, user, maxOutputTokens, votes: options.votes },
    inputTokens: Math.ceil(chars / CHARS_PER_TOKEN),
    worstCaseMicroUsd: worstCaseMicroUsd(model.price, request),
  };
}
