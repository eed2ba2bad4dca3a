"""Hosts for tests: network namespaces of this machine, joined by cables that can be pulled.

A network has three switches: to MariaDB, to the Redis of the cache and to that of the queues. The servers
are the runtime's own and stay where they are; at each switch a relay takes the hosts' connections to one. A
host has a cable to each switch, a name of its own, and nothing else: no way to the outside, and none to
this machine's network.
Namespaces belong to a process that ends with the test's, however that ends; with it they go, and all that
was made in them. Nothing is made in the machine's own.
"""

import ctypes
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import frappe
from http_client import Web
from processes import Processes
from runtimes.base import Runtime, wait_for_port

HERE = Path(__file__).parent
WEB_PORT = 8000
# of each switch, which has the address 1 in it
SUBNETS = {"database": "10.77.1", "cache": "10.77.2", "queue": "10.77.3"}
HOLD = 'hostname "$0" && ip link set lo up && echo ready && exec cat'


class CannotMakeHosts(Exception):
	"""Why this machine, or this user, makes no network namespaces."""


class Namespace:
	"""A network and a host name of their own, until they are closed."""

	def __init__(self, name: str):
		self.name = name
		try:
			self._holder = subprocess.Popen(
				["unshare", "--net", "--uts", "sh", "-c", HOLD, name],
				stdin=subprocess.PIPE,
				stdout=subprocess.PIPE,
				stderr=subprocess.PIPE,
				text=True,
			)
		except FileNotFoundError as error:
			raise CannotMakeHosts(f"{error.filename} is not installed") from error
		if self._holder.stdout.readline() != "ready\n":
			raise CannotMakeHosts(self._holder.communicate()[1].strip())
		self.pid = self._holder.pid

	def close(self) -> None:
		self._holder.communicate()

	@contextmanager
	def entered(self) -> Iterator[None]:
		"""Sockets that are made, and processes that are started, in the block belong to the namespace."""
		with ExitStack() as stack:
			for kind in ("net", "uts"):
				before = stack.enter_context(open(f"/proc/thread-self/ns/{kind}"))
				there = stack.enter_context(open(f"/proc/{self.pid}/ns/{kind}"))
				set_namespace(there.fileno())
				stack.callback(set_namespace, before.fileno())
			yield

	def ip(self, *arguments: str) -> None:
		with self.entered():
			done = subprocess.run(["ip", *arguments], capture_output=True, text=True)
		if done.returncode:
			raise CannotMakeHosts(f"ip {' '.join(arguments)}: {done.stderr.strip()}")


def set_namespace(fd: int) -> None:
	"""Of this thread; `os.setns` is there from Python 3.12 on."""
	libc = ctypes.CDLL(None, use_errno=True)
	if libc.setns(fd, 0):
		raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


class Network:
	"""The switches, the servers behind them, and the hosts."""

	def __init__(self, runtime: Runtime, folder: Path, delay: float = 0, loss: float = 0):
		"""As for the relay: see `hosts_relay.py`."""
		self.runtime = runtime
		self.folder = folder
		self.conditions = [str(delay), str(loss)]
		self._stack = ExitStack()
		self._relays: list[subprocess.Popen] = []
		self._hosts: list[Host] = []

	def __enter__(self) -> "Network":
		try:
			self.switches = Namespace("switches")
			self._stack.callback(self.switches.close)
			for switch, subnet in SUBNETS.items():
				self.switches.ip("link", "add", switch, "type", "bridge")
				self.switches.ip("address", "add", f"{subnet}.1/24", "dev", switch)
				self.switches.ip("link", "set", switch, "up")
			self.environment = self._connect_servers()
		except BaseException:
			self._stack.close()
			raise
		return self

	def __exit__(self, *_details: object) -> None:
		self._stack.close()

	def host(self, name: str, clock: float = 0) -> "Host":
		"""A new one; its clock is so many seconds ahead of this machine's."""
		number = len(self._hosts) + 2
		host = Host(self, name, number, clock)
		self._hosts.append(host)
		self._stack.callback(host.close)
		host.connect()
		return host

	def forget_hosts(self) -> None:
		"""Have the servers notice that nobody is at the other end of any connection."""
		for relay in self._relays:
			relay.send_signal(signal.SIGUSR1)

	def output(self) -> str:
		return "\n".join(host.processes.output() for host in self._hosts)

	def _connect_servers(self) -> dict[str, str]:
		"""Where hosts find the servers, as Frappe takes it from the environment."""
		config = frappe.conf
		return {
			"FRAPPE_DB_HOST": f"{SUBNETS['database']}.1",
			"FRAPPE_DB_PORT": str(self._relay("database", config.db_host, int(config.db_port))),
			"FRAPPE_REDIS_CACHE": self._redis_url("cache", config.redis_cache),
			"FRAPPE_REDIS_QUEUE": self._redis_url("queue", config.redis_queue),
		}

	def _redis_url(self, switch: str, url: str) -> str:
		"""With the login, if there is one."""
		server = urlsplit(url)
		port = self._relay(switch, server.hostname, server.port)
		login = server.netloc.rpartition("@")[:2]
		return server._replace(netloc=f"{''.join(login)}{SUBNETS[switch]}.1:{port}").geturl()

	def _relay(self, switch: str, host: str, port: int) -> int:
		"""Have a relay listen at a switch; returns its port there."""
		with self.switches.entered():
			listening = socket.create_server((f"{SUBNETS[switch]}.1", 0), backlog=128)
		with listening:
			relay = subprocess.Popen(
				[
					sys.executable,
					str(HERE / "hosts_relay.py"),
					str(listening.fileno()),
					host,
					str(port),
					*self.conditions,
				],
				pass_fds=[listening.fileno()],
				stdin=subprocess.DEVNULL,
			)
			self._relays.append(relay)
			self._stack.callback(relay.wait)
			self._stack.callback(relay.kill)
			return listening.getsockname()[1]


class Host:
	"""One machine of a network. Its `processes` are those of a runtime that is there."""

	def __init__(self, network: Network, name: str, number: int, clock: float):
		self.name = name
		self._network = network
		self._number = number
		self._clock = clock
		self._namespace = Namespace(name)
		self.site = network.runtime.site
		self._folder = network.folder / name
		self._folder.mkdir()
		self.processes = Processes(self, self._folder)

	def connect(self) -> None:
		"""Lay its cables."""
		for switch, subnet in SUBNETS.items():
			cable = self._cable(switch)
			peer = ("peer", "name", switch, "netns", str(self._namespace.pid))
			self._network.switches.ip("link", "add", cable, "type", "veth", *peer)
			self._network.switches.ip("link", "set", cable, "master", switch, "up")
			self._namespace.ip("address", "add", f"{subnet}.{self._number}/24", "dev", switch)
			self._namespace.ip("link", "set", switch, "up")

	def unplug(self, *switches: str) -> None:
		"""Pull its cables at the switch: what is sent is lost, and nobody is told."""
		for switch in switches or SUBNETS:
			self._network.switches.ip("link", "set", self._cable(switch), "down")

	def plug(self, *switches: str) -> None:
		for switch in switches or SUBNETS:
			self._network.switches.ip("link", "set", self._cable(switch), "up")

	def die(self) -> None:
		"""As without power: no process says goodbye, and no connection is closed."""
		self.unplug()
		self.processes.end()

	def close(self) -> None:
		self.processes.end()
		self._namespace.close()

	def entered(self) -> Any:
		return self._namespace.entered()

	def worker(self) -> subprocess.Popen:
		"""A stock worker of all queues."""
		return self.processes.script("host_worker.py")

	def web(self) -> Web:
		"""A web server, to be asked while the host is entered."""
		process = self.processes.script("host_web.py", str(WEB_PORT))
		with self.entered():
			wait_for_port(process, WEB_PORT, self._folder / "host_web-0.log")
		return Web(self.site, WEB_PORT)

	def spawn_script(self, script: Path, *arguments: str, log: Path, **environment: str) -> subprocess.Popen:
		with self.entered():
			return self._network.runtime.spawn_script(
				HERE / "off_clock.py",
				str(self._clock),
				str(script),
				*arguments,
				log=log,
				**self._network.environment,
				**environment,
			)

	def _cable(self, switch: str) -> str:
		return f"{switch}-{self._number}"
