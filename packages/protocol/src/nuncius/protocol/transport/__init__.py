"""Ways for messages to travel: sockets, references, WebSockets. One interface (`base`), one module a way."""
