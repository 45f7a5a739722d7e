// A socket and a server in one, for the JavaScript client: the test decides what arrives and when.
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

  enter(last_seq = 0, last_rev = last_seq) {
    this.open().frame("online_users", {
      users: [], count: 1, room: "general", connection_id: `c${FakeSocket.all.length}`, last_seq, last_rev,
      limits: { max_message_length: 1000, messages_per_10s: 20, connections: 100, connections_per_user: 5 },
    });
    return this.frame("user_joined", { user_id: "bob", username: "Bob" });
  }

  message(seq, fields = {}) {
    return this.frame("chat_message", { message_id: `m${seq}`, seq, rev: seq, message: "hi", user_id: "ann", ...fields });
  }

  /** Acknowledge the message that was sent last. */
  echo(seq) {
    const { client_id, message } = this.said.at(-1);
    return this.message(seq, { client_id, message, user_id: "bob" });
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
globalThis.settle = async () => {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
};
globalThis.token = (claims) => `e30.${btoa(JSON.stringify(claims))}.x`;
