"""A router process, engines of plain asyncio that can be killed, and clients that behave badly."""
