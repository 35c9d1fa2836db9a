import type { Drill } from '../drill.js';
import { answersLost } from './answers-lost.js';
import { brokerAway } from './broker-away.js';
import { clickhouseAway } from './clickhouse-away.js';
import { clockSkew } from './clock-skew.js';
import { duplicates } from './duplicates.js';
import { killRoles } from './kill-roles.js';
import { poison } from './poison.js';
import { rebalanceStorm } from './rebalance-storm.js';
import { rollingRestart } from './rolling-restart.js';
import { splitTraces } from './split-traces.js';
import { spoolFull } from './spool-full.js';

/** In the order in which they run. */
export const DRILLS: readonly Drill[] = [
  killRoles,
  rollingRestart,
  brokerAway,
  rebalanceStorm,
  clickhouseAway,
  answersLost,
  spoolFull,
  poison,
  duplicates,
  splitTraces,
  clockSkew,
];
