import type { Chat, ChatCall, ChatTurn } from './chat.js';
import type { OrderDesk, ToolAnswer } from './order-desk.js';
import type { PlannedRequest } from './plan.js';
import type { AgentTracing } from './tracing.js';

const MOST_STEPS = 12;

export interface AgentDeps {
  readonly chat: Chat;
  readonly tracing: AgentTracing;
  readonly desk: OrderDesk;
}

/** Serves one request: asks the model, runs the tools it calls, until it answers. */
export function runAgent(request: PlannedRequest, deps: AgentDeps): Promise<string> {
  const { chat, tracing } = deps;
  const outage = { pending: request.briefOutage };
  return tracing.run(request, async () => {
    const turns: ChatTurn[] = [{ role: 'user', text: request.text }];
    for (let step = 0; step < MOST_STEPS; step += 1) {
      const reply = await tracing.model(turns, () => chat.complete(turns));
      if (reply.calls.length === 0) return reply.text;
      turns.push({ role: 'assistant', reply });
      for (const call of reply.calls) {
        const answer = tracing.tool(call, () => runTool(call, deps.desk, outage));
        turns.push({ role: 'tool', call, answer: JSON.stringify(answer) });
      }
    }
    throw new Error(`expected an answer within ${MOST_STEPS} steps, got none for ${request.order.id}`);
  });
}

function runTool(call: ChatCall, desk: OrderDesk, outage: { pending: boolean }): ToolAnswer {
  if (!outage.pending) return desk.call(call.name, call.arguments);
  outage.pending = false;
  return { error: 'temporarily_unavailable', message: 'the shop did not answer in time, try again' };
}
