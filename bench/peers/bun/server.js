// Bun's native publish: rooms are topics of its own server. It checks no token and stores nothing.
const server = Bun.serve({
  port: Number(process.argv[2]),
  hostname: "127.0.0.1",
  fetch(request, self) {
    const query = new URL(request.url).searchParams;
    const data = { room: query.get("room"), user: query.get("user") };
    return self.upgrade(request, { data }) ? undefined : new Response("a WebSocket is wanted", { status: 400 });
  },
  websocket: {
    open(socket) {
      socket.subscribe(socket.data.room);
      socket.send('{"type":"connection_established"}');
    },
    message(socket, frame) {
      const { room, user } = socket.data;
      const { message } = JSON.parse(frame);
      server.publish(room, JSON.stringify({
        type: "chat_message", message, room, user_id: user, username: user, timestamp: new Date().toISOString(),
      }));
    },
  },
});
