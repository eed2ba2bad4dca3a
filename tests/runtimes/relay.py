"""Pass TCP connections on: `relay.py PORT HOST PORT`. Killed, it is a server that went away."""

import asyncio
import sys


async def relay(port: int, target: tuple[str, int]) -> None:
	async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
		try:
			far_reader, far_writer = await asyncio.open_connection(*target)
		except OSError:
			writer.close()
			return
		await asyncio.gather(copy(reader, far_writer), copy(far_reader, writer))

	server = await asyncio.start_server(serve, "127.0.0.1", port)
	await server.serve_forever()


async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
	try:
		while data := await reader.read(65536):
			writer.write(data)
			await writer.drain()
	except OSError:
		pass  # the other end is told by the close
	finally:
		writer.close()


if __name__ == "__main__":
	asyncio.run(relay(int(sys.argv[1]), (sys.argv[2], int(sys.argv[3]))))
