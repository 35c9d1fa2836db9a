/** What applications call the conversation that a trace belongs to, where the emitter leaves the name to them. */
export const SESSION_NAMES: readonly string[] = [
  'sessionId',
  'session_id',
  'conversationId',
  'conversation_id',
  'threadId',
  'thread_id',
  'chatId',
  'chat_id',
];

/** What applications call the person that they serve, where the emitter leaves the name to them. */
export const USER_NAMES: readonly string[] = ['userId', 'user_id'];
