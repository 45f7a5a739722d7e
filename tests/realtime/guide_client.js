// static/js/websocket-client.js
// Production-ready WebSocket client with reconnection and heartbeat

class WebSocketClient {
    constructor(url, options = {}) {
        this.url = url;
        this.options = {
            reconnectInterval: 1000,      // Start with 1 second
            maxReconnectInterval: 30000,  // Cap at 30 seconds
            reconnectDecay: 1.5,          // Exponential backoff factor
            maxReconnectAttempts: 10,     // Give up after 10 attempts
            heartbeatInterval: 30000,     // Send ping every 30 seconds
            ...options
        };

        this.socket = null;
        this.reconnectAttempts = 0;
        this.messageQueue = [];
        this.heartbeatTimer = null;
        this.handlers = {
            open: [],
            close: [],
            message: [],
            error: []
        };
    }

    connect() {
        // Create WebSocket connection
        this.socket = new WebSocket(this.url);

        this.socket.onopen = (event) => {
            console.log('WebSocket connected');
            this.reconnectAttempts = 0;

            // Send queued messages
            this.flushMessageQueue();

            // Start heartbeat
            this.startHeartbeat();

            // Notify handlers
            this.handlers.open.forEach(handler => handler(event));
        };

        this.socket.onclose = (event) => {
            console.log(`WebSocket closed: ${event.code} ${event.reason}`);

            // Stop heartbeat
            this.stopHeartbeat();

            // Notify handlers
            this.handlers.close.forEach(handler => handler(event));

            // Attempt reconnection (unless intentional close)
            if (event.code !== 1000) {
                this.scheduleReconnect();
            }
        };

        this.socket.onmessage = (event) => {
            const data = JSON.parse(event.data);

            // Handle pong (heartbeat response)
            if (data.type === 'pong') {
                return;
            }

            // Notify handlers
            this.handlers.message.forEach(handler => handler(data));
        };

        this.socket.onerror = (error) => {
            console.error('WebSocket error:', error);
            this.handlers.error.forEach(handler => handler(error));
        };
    }

    disconnect() {
        // Clean close - pass code 1000 for normal closure
        if (this.socket) {
            this.socket.close(1000, 'Client disconnecting');
        }
        this.stopHeartbeat();
    }

    send(data) {
        const message = JSON.stringify(data);

        if (this.socket && this.socket.readyState === WebSocket.OPEN) {
            this.socket.send(message);
        } else {
            // Queue message if not connected
            this.messageQueue.push(message);
        }
    }

    on(event, handler) {
        if (this.handlers[event]) {
            this.handlers[event].push(handler);
        }
    }

    off(event, handler) {
        if (this.handlers[event]) {
            const index = this.handlers[event].indexOf(handler);
            if (index > -1) {
                this.handlers[event].splice(index, 1);
            }
        }
    }

    scheduleReconnect() {
        if (this.reconnectAttempts >= this.options.maxReconnectAttempts) {
            console.error('Max reconnection attempts reached');
            return;
        }

        // Calculate delay with exponential backoff
        const delay = Math.min(
            this.options.reconnectInterval * Math.pow(
                this.options.reconnectDecay,
                this.reconnectAttempts
            ),
            this.options.maxReconnectInterval
        );

        console.log(`Reconnecting in ${delay}ms (attempt ${this.reconnectAttempts + 1})`);

        setTimeout(() => {
            this.reconnectAttempts++;
            this.connect();
        }, delay);
    }

    flushMessageQueue() {
        while (this.messageQueue.length > 0) {
            const message = this.messageQueue.shift();
            this.socket.send(message);
        }
    }

    startHeartbeat() {
        this.heartbeatTimer = setInterval(() => {
            if (this.socket && this.socket.readyState === WebSocket.OPEN) {
                this.send({ type: 'ping' });
            }
        }, this.options.heartbeatInterval);
    }

    stopHeartbeat() {
        if (this.heartbeatTimer) {
            clearInterval(this.heartbeatTimer);
            this.heartbeatTimer = null;
        }
    }
}
