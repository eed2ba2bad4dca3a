"""Where hosts reach a server of this machine: `hosts_relay.py FD HOST PORT DELAY LOSS`.

FD is a socket that listens in the network, the server is outside of it. DELAY is what each way takes, in
seconds; LOSS is the share of pieces that come half a second late, as what TCP has to send again does. SIGUSR1
closes all connections to the server, as a server does whose keepalive has found nobody at the other end.
"""

import asyncio
import random
import signal
import socket
import sys
from collections.abc import Callable

SENT_AGAIN_SECONDS = 0.5


async def relay(listening: socket.socket, target: tuple[str, int], late: Callable[[], float]):
	to_server: set[asyncio.StreamWriter] = set()

	async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
		try:
			far_reader, far_writer = await asyncio.open_connection(*target)
		except OSError:
			writer.close()
			return
		to_server.add(far_writer)
		await asyncio.gather(copy(reader, far_writer, late), copy(far_reader, writer, late))
		to_server.discard(far_writer)

	def close_all() -> None:
		for far_writer in to_server:
			far_writer.close()

	asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, close_all)
	server = await asyncio.start_server(serve, sock=listening)
	await server.serve_forever()


async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, late: Callable[[], float]) -> None:
	on_the_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
	delivery = asyncio.create_task(deliver(on_the_way, writer))
	try:
		while data := await reader.read(65536):
			on_the_way.put_nowait((asyncio.get_running_loop().time() + late(), data))
	except OSError:
		pass  # the other end is told by the close
	on_the_way.put_nowait((0, b""))
	await delivery


async def deliver(on_the_way: "asyncio.Queue[tuple[float, bytes]]", writer: asyncio.StreamWriter) -> None:
	"""In the order in which it was sent, whatever was late."""
	try:
		while data := await the_next(on_the_way):
			writer.write(data)
			await writer.drain()
	except OSError:
		pass  # as above
	finally:
		writer.close()


async def the_next(on_the_way: "asyncio.Queue[tuple[float, bytes]]") -> bytes:
	at, data = await on_the_way.get()
	await asyncio.sleep(max(0, at - asyncio.get_running_loop().time()))
	return data


if __name__ == "__main__":
	fd, host, port, delay, loss = sys.argv[1:]
	lateness = lambda: float(delay) + (SENT_AGAIN_SECONDS if random.random() < float(loss) else 0)  # noqa: E731
	asyncio.run(relay(socket.socket(fileno=int(fd)), (host, int(port)), lateness))
