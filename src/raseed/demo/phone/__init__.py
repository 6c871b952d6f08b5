"""The phone: a stand-in for a text-message gateway and every phone behind it, on loopback, in a process of its own.

It speaks the wire of docs/subsystems/channels.md and nothing else of ours, so that ``channels`` can't tell it from a
real gateway, and it misbehaves on request as real ones do. Its promise: a text is shown once, whatever the sender
repeats. It keeps texts in memory only; codes leave with the process.
"""
