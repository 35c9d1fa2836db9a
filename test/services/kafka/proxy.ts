import { connect, createServer, type Socket } from 'node:net';

/** Kafka's number of a produce request. */
const PRODUCE = 0;

/** A way to a broker that can lose the answer to a produce request. */
export interface LossyProxy {
  /** The next produce requests reach the broker, their answers do not reach the client, and its connection ends. */
  loseAnswers(count: number): void;
  /** Answers lost so far. */
  lost(): number;
  close(): Promise<void>;
}

/** Listens on one port of loopback and passes everything on to another, frame by frame. */
export async function startLossyProxy(from: number, to: number): Promise<LossyProxy> {
  let toLose = 0;
  let lost = 0;
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const broker = connect(to, '127.0.0.1');
    let doomed: number | undefined;
    for (const [socket, other] of [
      [client, broker],
      [broker, client],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
    eachFrame(client, (frame) => {
      // size, api key, api version, correlation id
      if (toLose > 0 && frame.readInt16BE(4) === PRODUCE) {
        toLose -= 1;
        doomed = frame.readInt32BE(8);
      }
      broker.write(frame);
    });
    eachFrame(broker, (frame) => {
      if (doomed === undefined || frame.readInt32BE(4) !== doomed) {
        client.write(frame);
        return;
      }
      lost += 1;
      client.destroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(from, '127.0.0.1', resolve));
  return {
    loseAnswers(count) {
      toLose = count;
    },
    lost: () => lost,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Kafka's messages begin with their length, in four bytes. */
function eachFrame(socket: Socket, take: (frame: Buffer) => void): void {
  let held = Buffer.alloc(0);
  socket.on('data', (bytes) => {
    held = Buffer.concat([held, bytes]);
    while (held.length >= 4 && held.length >= 4 + held.readInt32BE(0)) {
      const end = 4 + held.readInt32BE(0);
      take(held.subarray(0, end));
      held = held.subarray(end);
    }
  });
}
