"""The rules of the protocol without any I/O: events in, messages and effects out. No sockets, loops, threads or clocks."""
