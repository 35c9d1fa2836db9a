import type { ChannelConfig } from '../config.js';
import { createAlertmanagerSender } from './alertmanager.js';
import { createPagerdutySender } from './pagerduty.js';
import type { Sender } from './sender.js';
import { createSlackSender } from './slack.js';
import { createWebhookSender } from './webhook.js';

/** @param links - templates beside each alarm, by their text */
export function createSender(config: ChannelConfig, links: Readonly<Record<string, string>>): Sender {
  switch (config.kind) {
    case 'pagerduty':
      return createPagerdutySender(config, links);
    case 'slack':
      return createSlackSender(config, links);
    case 'alertmanager':
      return createAlertmanagerSender(config, links);
    case 'webhook':
      return createWebhookSender(config, links);
  }
}
