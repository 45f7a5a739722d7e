// A socket and a server in one, for the JavaScript client: the test decides what arrives and when.
const LIMITS = { max_message_length: 1000, messages_per_10s: 20, connections: 100, connections_per_user: 5 };

class FakeSocket {
  static all = [];

  static get last() {
    return FakeSocket.all.at(-1);
  }

  constructor(url, protocols) {
    this.url = new URL(url);
    this.protocols = protocols;
    this.readyState = 0;
    this.sent = [];
    FakeSocket.all.push(this);
  }

  send(text) {
    this.sent.push(JSON.parse(text));
  }

  close() {
    this.readyState = 3;
  }

  open() {
    this.readyState = 1;
    this.onopen({});
    return this;
  }

  frame(type, fields) {
    this.onmessage({ data: JSON.stringify({ type, ...fields }) });
    return this;
  }

  enter(last_seq = 0, last_rev = last_seq, more = {}) {
    this.open().frame("online_users", {
      users: [], count: 1, room: "general", connection_id: `c${FakeSocket.all.length}`, last_seq, last_rev,
      limits: LIMITS, ...more,
    });
    return this.frame("user_joined", { user_id: "bob", username: "Bob" });
  }

  /** The socket of many rooms is in. */
  welcome() {
    const user = { id: "bob", username: "Bob" };
    return this.open().frame("connection_established", { connection_id: `c${FakeSocket.all.length}`, user, limits: LIMITS });
  }

  /** Answer the last join of a room. */
  admit(room, last_seq = 0, last_rev = last_seq) {
    this.frame("online_users", { users: [], count: 1, room, last_seq, last_rev, limits: LIMITS, ref: this.joins(room).at(-1).ref });
    return this.frame("user_joined", { room, user_id: "bob", username: "Bob" });
  }

  /** Let a room that has come back in, with what it missed. */
  readmit(room, last_seq, messages = []) {
    return this.admit(room, last_seq).frame("history", { room, messages, from_resume: true, has_more: false });
  }

  refuse(room, code, more = {}) {
    const message = "No.";
    return this.frame("error", { error: { code, message }, message, room, ref: this.joins(room).at(-1).ref, ...more });
  }

  joins(room) {
    return this.sent.filter((frame) => frame.type === "join" && frame.room === room);
  }

  message(seq, fields = {}) {
    return this.frame("chat_message", { message_id: `m${seq}`, seq, rev: seq, message: "hi", user_id: "ann", ...fields });
  }

  /** Acknowledge the message that was sent last. */
  echo(seq) {
    const { client_id, message, room } = this.said.at(-1);
    return this.message(seq, { client_id, message, room, user_id: "bob" });
  }

  drop(code) {
    this.readyState = 3;
    this.onclose({ code, reason: "" });
  }

  get said() {
    return this.sent.filter((frame) => frame.type === "chat_message");
  }
}

globalThis.FakeSocket = FakeSocket;
globalThis.meet = async (options = {}) => {
  const { SnugClient } = await import("/static/snug/client/snug-client.js");
  FakeSocket.all.length = 0;
  const heard = [];
  const states = [];
  const client = new SnugClient(location.origin, { WebSocket: FakeSocket, storage: null, ...options });
  client.on("message", (frame) => heard.push(frame.type));
  client.on("state", (change) => states.push(change));
  client.connect();
  await settle();
  return { client, heard, states };
};
globalThis.meetMany = async (names, options = {}) => {
  const { Snug } = await import("/static/snug/client/snug-client.js");
  FakeSocket.all.length = 0;
  const snug = new Snug(location.origin, { WebSocket: FakeSocket, storage: null, ...options });
  const it = { snug, heard: [], states: [] };
  snug.on("message", ({ type, room }) => it.heard.push(room ? `${type} ${room}` : type));
  for (const name of names) {
    it[name] = snug.room(name);
    it[name].on("state", ({ state, code }) => it.states.push([name, state, code].join(" ").trim()));
    it[name].connect();
  }
  await settle();
  return it;
};
globalThis.settle = async () => {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
};
globalThis.token = (claims) => `e30.${btoa(JSON.stringify(claims))}.x`;
