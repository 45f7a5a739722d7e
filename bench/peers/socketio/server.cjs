// Socket.IO with its Redis adapter: rooms, and messages to a room. It checks no token and stores nothing.
const { createServer } = require("node:http");
const { Server } = require("socket.io");
const { createClient } = require("redis");
const { createAdapter } = require("@socket.io/redis-adapter");

async function main() {
  const publisher = createClient({ url: process.env.REDIS_URL });
  const subscriber = publisher.duplicate();
  await Promise.all([publisher.connect(), subscriber.connect()]);
  const http = createServer();
  const io = new Server(http, { adapter: createAdapter(publisher, subscriber), transports: ["websocket"] });
  io.on("connection", (socket) => {
    const room = String(socket.handshake.query.room);
    const user = String(socket.handshake.query.user);
    socket.join(room);
    socket.on("chat_message", (message) => {
      io.to(room).emit("chat_message", {
        message, room, user_id: user, username: user, timestamp: new Date().toISOString(),
      });
    });
  });
  http.listen({ port: Number(process.argv[2]), host: "127.0.0.1", backlog: 4096 });
}

main();
