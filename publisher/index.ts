export { publisherConfig, type PublisherConfig } from './config.js';
export { createPublisher, PUBLISHER_GROUP, type PublisherDeps, type PublisherOptions } from './publisher.js';
export type { Fetch } from '../core/post.js';
export { createSkipper, type SkipperDeps } from './skipper.js';
