"""Talk to a kernel: `nuncius.protocol.client.blocking` without asyncio, `nuncius.protocol.client.aio` with it."""
