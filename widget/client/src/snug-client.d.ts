/** Types of snug-client.js. Shapes are those of the socket protocol, version `snug.v1`. */

export interface Message {
  message_id: string;
  /** Place in the room: 1, 2, 3 … without a gap. */
  seq: number;
  /** Number of the room's durable change that this state belongs to. */
  rev: number;
  room: string;
  message: string;
  user_id: string;
  username: string;
  /** RFC 3339, UTC. */
  timestamp: string;
  client_id?: string;
  reply_to?: string;
  edited_at?: string;
  files?: FileOfMessage[];
  reactions?: { emoji: string; count: number }[];
}

/** A file of a message; `GET /api/v1/files/{id}` has links to it. Width and height are a picture's, in pixels. */
export interface FileOfMessage {
  id: string;
  name: string;
  type: string;
  /** Bytes. */
  size: number;
  width?: number;
  height?: number;
}

export interface DeletedMessage {
  message_id: string;
  seq: number;
  rev: number;
  room: string;
  deleted: true;
}

export interface Limits {
  /** Unicode code points, after trimming. */
  max_message_length: number;
  messages_per_10s: number;
  connections: number;
  connections_per_user: number;
}

export interface User {
  id: string;
  username: string;
}

/** A message on its way. `failure` is the error code of a message that was refused, by the server or, for its length, by
 * the client already; `delayed` of one that waits. Where a rule of the workspace is against it, it is that rule's name
 * (`message_refused`, `message_repeated`, `blocked`), and `reason` is meant for whoever wrote it. */
export interface Pending {
  client_id: string;
  message: string;
  reply_to?: string;
  files?: (string | { id: string })[];
  /** Milliseconds since 1970, by this device's clock. */
  at: number;
  failure?: string;
  reason?: string;
  delayed?: string;
  /** When a delayed one is sent again, in milliseconds since 1970. */
  until?: number;
}

/** A command or a call that the server refused. `code` is one of the protocol's (`MUTED`), one of the API's (`not_found`), or
 * `DISCONNECTED` or `TIMEOUT` of the client. */
export class Refused extends Error {
  code: string;
  /** Seconds. */
  retryAfter?: number;
}

/** One page of a list; `next`, as `cursor`, asks for the one after it. */
export interface Page<Row> {
  data: Row[];
  next: string | null;
}

/** A message that was found. `highlight` is safe HTML: everything is escaped, and what matches stands in `<mark>`. */
export interface Hit {
  message: Message;
  highlight: string;
}

export interface Search {
  /** Only what this user said. */
  from?: string;
  /** 1 to 100. Default 50. */
  limit?: number;
  cursor?: string;
}

/** What was uploaded. The links are good until `expires_at`. */
export interface UploadedFile extends FileOfMessage {
  room: string;
  user_id: string;
  message_id?: string;
  created_at: string;
  url: string;
  thumbnail_url?: string;
  expires_at: string;
}

export interface Receipt {
  user_id: string;
  username: string;
  /** Up to which message they have read. */
  seq: number;
  read_at: string;
}

export interface Report {
  id: string;
  state: "open" | "resolved" | "dismissed";
  reason: "spam" | "abuse" | "illegal" | "other";
  comment: string;
  room: string;
  message_id: string;
}

export interface HistoryFrame {
  type: "history";
  messages: (Message | DeletedMessage)[];
  changed?: (Message | DeletedMessage)[];
  has_more: boolean;
  oldest_seq?: number;
  from_resume?: boolean;
}

export interface ErrorFrame {
  type: "error";
  error: { code: string; message: string };
  message: string;
  client_id?: string;
  /** The command that was refused. */
  ref?: string | number;
  /** Seconds. */
  retry_after?: number;
}

export type State = "idle" | "connecting" | "online" | "waiting" | "offline" | "stopped";

export interface StateChange {
  state: State;
  /** The close code behind `waiting` or `stopped`. */
  code?: number;
  reason?: string;
  /** When `waiting` ends, in milliseconds since 1970. */
  retryAt?: number;
}

/** How a room stands, and what this user may do in it. */
export interface Standing {
  title: string;
  archived: boolean;
  /** Seconds between two messages of one user; 0 for none. */
  slow_mode: number;
  /** Whether they may delete what others said. */
  may_moderate: boolean;
  /** RFC 3339; absent when they are not muted. A mute without end is many years long. */
  muted_until?: string;
}

/** What was missed while away is told by these too, in order, once it has been fetched. */
export interface Frames {
  chat_message: Message & { type: "chat_message" };
  message_edited: Message & { type: "message_edited" };
  message_deleted: DeletedMessage & { type: "message_deleted" };
  reaction: {
    type: "reaction"; message_id: string; seq: number; rev: number; emoji: string; user_id: string; on: boolean; count: number;
  };
  typing: { type: "typing"; user_id: string; username: string; is_typing: boolean };
  user_joined: { type: "user_joined"; user_id: string; username: string; timestamp: string };
  user_left: { type: "user_left"; user_id: string; username: string; timestamp: string };
  presence: { type: "presence"; joined: number; left: number; count: number };
  read: { type: "read"; user_id: string; seq: number };
  unread: { type: "unread"; room: string; count: number };
  history: HistoryFrame;
  /** The first frame of a `Snug`'s socket. */
  connection_established: {
    type: "connection_established"; message: string; timestamp: string; connection_id: string; user: User; limits: Limits;
  };
  online_users: {
    type: "online_users"; users: User[]; count: number; room: string; connection_id: string;
    last_seq: number; last_rev: number; created_at: string; limits: Limits;
  } & Standing;
  /** How the room stands now, told when something of it changes. */
  room_updated: { type: "room_updated"; room: string } & Standing;
}

export interface Events extends Frames {
  /** The socket opened; the room is entered with `online_users`. */
  open: Event;
  close: CloseEvent;
  /** A socket's own error event, what `getToken` threw, or an error frame of the server (it has `error.code`). */
  error: Event | Error | ErrorFrame;
  /** Every frame, whatever its type. */
  message: { type: string; [field: string]: unknown };
  state: StateChange;
  /** `pending` has changed. */
  outbox: undefined;
  /** Changes were missed; the client is fetching them. */
  gap: { after: number; before: number };
  /** The room was made anew: forget what you show, and ask for `history()`. */
  reset: undefined;
}

export interface Options {
  /** Room name; not needed when the address is a room's own socket URL. Default `general`. */
  room?: string;
  /** A user token, a ticket, or on a server an API key. Leave out for a staff session on the tenant's own host. */
  token?: string;
  /** Called for a first token, and with `true` when one was refused or is about to end. */
  getToken?: (fresh: boolean) => Promise<string | null>;
  /** Whose outbox to keep across reloads. Default: the token's `sub`. */
  user?: string;
  /** Where the outbox is kept. Default `localStorage`; null for memory only. */
  storage?: Storage | null;
  /** First longest wait before a reconnect, in milliseconds. Default 1000. */
  reconnectInterval?: number;
  /** Longest wait of all, in milliseconds. Default 30000. */
  maxReconnectInterval?: number;
  /** Factor from one wait to the next. Default 2. */
  reconnectDecay?: number;
  /** Default: never give up. */
  maxReconnectAttempts?: number;
  /** Pause between pings, in milliseconds. Default 30000. */
  heartbeatInterval?: number;
  /** A WebSocket class, where there is no global one. */
  WebSocket?: typeof WebSocket;
}

export class SnugClient {
  /** @param address the tenant's address (`https://acme.example.com`) or a room's socket (`wss://…/ws/chat/general/`) */
  constructor(address: string, options?: Options);
  readonly url: string;
  readonly room: string;
  readonly state: State;
  readonly me: User | null;
  readonly limits: Limits | null;
  readonly seq: number | null;
  readonly rev: number | null;
  readonly pending: Pending[];
  connect(): void;
  disconnect(): void;
  on<Name extends keyof Events>(name: Name, listener: (detail: Events[Name]) => void): () => void;
  off<Name extends keyof Events>(name: Name, listener: (detail: Events[Name]) => void): void;
  /** Send a text; returns its `client_id`. One that is too long is kept in `pending` as a failure (`MESSAGE_TOO_LONG`);
   * half a character, as `slice` may leave one, becomes `U+FFFD`. `files` are what `POST /api/v1/files` answered, or the
   * ids of it; the text may then be empty. */
  say(message: string, options?: { reply_to?: string; client_id?: string; files?: (string | { id: string })[] }): string;
  retry(clientId: string): void;
  discard(clientId: string): void;
  /** Send any frame of the protocol. Throws `Refused` for one over 64 KiB. */
  send(frame: { type: string; [field: string]: unknown } | string): void;
  typing(isTyping?: boolean): void;
  /** Everything up to `seq` has been read. Call it freely: what is new is sent, at most once a second. */
  read(seq: number): void;
  /** Give one's own message another text. Promises of changes settle when the server has stored or refused them (`Refused`),
   * over as many connections as that takes. */
  edit(messageId: string, message: string): Promise<Frames["message_edited"]>;
  /** Take a message back: one's own, or anyone's for a moderator. */
  delete(messageId: string): Promise<Frames["message_deleted"]>;
  /** Give a message an emoji; with `on` false take it back. */
  react(messageId: string, emoji: string, on?: boolean): Promise<Frames["reaction"]>;
  history(page?: { before?: number; after?: number; limit?: number }): Promise<HistoryFrame>;
  /** The token of this moment, for calls of one's own; another one where it ends, or where a `fresh` one is asked for. */
  token(fresh?: boolean): Promise<string | null>;
  /** Messages of this room that have all these words, of the last one the beginning; the best match first. This and the
   * next calls are the REST API's: they need a token or a staff session, and no connection. They reject with `Refused`, or
   * as `fetch` does where there is no network. */
  search(words: string, more?: Search): Promise<Page<Hit>>;
  /** Upload a file for a message to this room: `say("", { files: [it] })`, within 24 hours. */
  upload(file: File | Blob, options?: { signal?: AbortSignal }): Promise<UploadedFile>;
  /** Who has read how far: how it stood before the first `read` came. */
  receipts(page?: { limit?: number; cursor?: string }): Promise<Page<Receipt>>;
  /** Tell those who run the chat of a message; to do it again changes what one said. */
  report(messageId: string, reason: Report["reason"], comment?: string): Promise<Report>;
}

/** What every frame of any room is told by, and how the one socket stands. */
export type SharedEvents = Omit<Events, "outbox" | "gap" | "reset">;

/** Many rooms of one workspace over one socket, as one user. */
export class Snug {
  /** @param address the workspace's (`https://acme.example.com`) */
  constructor(address: string, options?: Omit<Options, "room">);
  readonly url: string;
  /** The socket's. A room has a state of its own: one may be refused while the others go on. */
  readonly state: State;
  /** All that were asked for with `room`. */
  readonly rooms: SnugClient[];
  /** A room, the same object each time. `connect` enters it, and opens the socket where it is closed; `disconnect` leaves
   * it, and the last one closes the socket. */
  room(name?: string): SnugClient;
  /** Enter all `rooms`. */
  connect(): void;
  /** Leave all rooms. */
  disconnect(): void;
  on<Name extends keyof SharedEvents>(name: Name, listener: (detail: SharedEvents[Name]) => void): () => void;
  off<Name extends keyof SharedEvents>(name: Name, listener: (detail: SharedEvents[Name]) => void): void;
  /** Send any frame of the protocol to the room that it names. */
  send(frame: { type: string; room?: string; [field: string]: unknown } | string): void;
  token(fresh?: boolean): Promise<string | null>;
  /** As a room's, over all rooms that one may enter, or one of them. */
  search(words: string, more?: Search & { room?: string }): Promise<Page<Hit>>;
}
