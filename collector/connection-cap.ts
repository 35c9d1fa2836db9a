import type { Socket } from 'node:net';
import type { Counter } from '../core/metrics.js';

/** An open connection, and how much depends on it. */
export class Connection {
  /** Requests whose body is on its way in. */
  private receiving = 0;
  /** Requests that were read and are not answered. */
  private waiting = 0;
  /** True once a request was answered: such a sender has shown that it is one. */
  private hasServed = false;

  constructor(readonly socket: Socket) {}

  /** A request came, its headers whole. */
  begin(): RequestOnConnection {
    this.receiving++;
    let isRead = false;
    let isOver = false;
    return {
      read: () => {
        if (isRead || isOver) return;
        isRead = true;
        this.receiving--;
        this.waiting++;
      },
      end: () => {
        if (isOver) return;
        isOver = true;
        if (isRead) {
          this.waiting--;
          this.hasServed = true;
        } else this.receiving--;
      },
    };
  }

  /** The lower, the less is lost when it is closed. */
  get worth(): number {
    if (this.waiting > 0) return 3;
    if (this.receiving > 0) return 2;
    return this.hasServed ? 1 : 0;
  }
}

/** A request's way through its connection. Each call counts once. */
export interface RequestOnConnection {
  /** All of it was read. */
  read(): void;
  end(): void;
}

/** The most that closing a connection for a newcomer may cost: one whose request was read is never closed. */
const MAX_WORTH_CLOSED = 2;

/**
 * Bounds the connections of one port. A newcomer is not refused while one is open that is worth less: first go those that never
 * sent a request, then the idle, then those that are still sending, of each the oldest. So who opens many and sends nothing,
 * or slowly, only closes their own.
 */
export class ConnectionCap {
  private readonly open = new Map<Socket, Connection>();

  constructor(
    private readonly max: number,
    private readonly closed: Counter,
  ) {}

  /** Takes a new connection; undefined when there is no room, and then it is closed. */
  add(socket: Socket): Connection | undefined {
    if (this.open.size >= this.max && !this.makeRoom()) {
      this.close(socket);
      return undefined;
    }
    const connection = new Connection(socket);
    this.open.set(socket, connection);
    socket.once('close', () => this.open.delete(socket));
    return connection;
  }

  of(socket: Socket): Connection | undefined {
    return this.open.get(socket);
  }

  get connections(): Iterable<Connection> {
    return this.open.values();
  }

  private makeRoom(): boolean {
    let least: Connection | undefined;
    for (const connection of this.open.values()) {
      if (least === undefined || connection.worth < least.worth) least = connection;
      if (least.worth === 0) break;
    }
    if (least === undefined || least.worth > MAX_WORTH_CLOSED) return false;
    this.open.delete(least.socket);
    this.close(least.socket);
    return true;
  }

  private close(socket: Socket): void {
    this.closed.add(1);
    socket.destroy();
  }
}
