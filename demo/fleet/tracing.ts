import type { ChatCall, ChatReply, ChatTurn } from './chat.js';
import type { PlannedRequest } from './plan.js';
import type { ToolAnswer } from './order-desk.js';

/** How one kind of agent records what it does. Each method runs `work` inside a span and returns what it gave. */
export interface AgentTracing {
  run(request: PlannedRequest, work: () => Promise<string>): Promise<string>;
  model(turns: readonly ChatTurn[], work: () => Promise<ChatReply>): Promise<ChatReply>;
  tool(call: ChatCall, work: () => ToolAnswer): ToolAnswer;
}
