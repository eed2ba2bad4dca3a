"""The `benchless` command: what `bench` offers to run an app, for one home folder."""

import code
import copy
import functools
import importlib
import json
import logging
import os
import traceback
from ast import literal_eval
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import click
import frappe
from frappe.utils import background_jobs
from frappe.utils.response import json_handler
from frappe.utils.scheduler import start_scheduler, toggle_scheduler

from benchless import __version__, site
from benchless.errors import BenchlessError, ServiceError, SiteError
from benchless.home import DEFAULT, Home, is_port_free
from benchless.processes import run_until_stopped, running, stop_on_sigterm
from benchless.services import Services


@dataclass
class Bench:
	"""What the options before the command say: the home folder and the site."""

	home_path: Path
	site_option: str | None

	@functools.cached_property
	def home(self) -> Home:
		return Home.open(self.home_path)

	def start(self) -> None:
		"""Have the services running, and work in the sites folder like every bench command."""
		if Services(self.home).start():
			click.echo(f"Started the services of {self.home.path}; `benchless stop` ends them.", err=True)
		os.chdir(self.home.sites)

	@property
	def config(self) -> dict:
		return self.home.settings()

	@property
	def default_site(self) -> str | None:
		return self.site_option or os.environ.get("FRAPPE_SITE") or self.config.get("default_site")

	@property
	def site(self) -> str:
		if not self.default_site:
			raise click.UsageError("Which site? Use `benchless --site <site> …`.")
		if not self.home.site_file(self.default_site).exists():
			raise SiteError(f"There is no site {self.default_site} in {self.home.sites}.")
		return self.default_site

	@contextmanager
	def connected(self) -> Iterator[None]:
		"""The site as the current one, as Administrator."""
		self.start()
		frappe.init(self.site)
		frappe.connect()
		try:
			yield
		finally:
			frappe.destroy()


class Commands(click.Group):
	"""Shows errors meant for people as one line, without a traceback."""

	def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
		return super().get_command(ctx, name) or command_of_an_app(ctx, name)

	def invoke(self, ctx: click.Context):
		try:
			return super().invoke(ctx)
		except (BenchlessError, NotImplementedError) as error:
			raise click.ClickException(str(error)) from error


@click.group(cls=Commands)
@click.version_option(__version__)
@click.option(
	"--home",
	type=click.Path(path_type=Path),
	envvar="BENCHLESS_HOME",
	default=DEFAULT,
	help="Folder of sites and services (BENCHLESS_HOME; default ./.benchless).",
)
@click.option("--site", help="Site to work on (FRAPPE_SITE; default: the default site).")
@click.pass_context
def main(context: click.Context, home: Path, site: str | None):
	"""Run a Frappe app without a bench."""
	context.obj = Bench(home.expanduser().resolve(), site)
	import_commands(context.obj.home_path)


def import_commands(home_path: Path) -> list[click.Command]:
	"""Import the module `commands` of each app, as bench does before any command; they may have none."""
	home, commands = Home(home_path), []
	for app in home.apps() if (home.sites / "apps.txt").exists() else ():
		try:
			module = importlib.import_module(f"{app}.commands")
		except ModuleNotFoundError as error:
			if error.name != f"{app}.commands":
				traceback.print_exc()
		except Exception:
			traceback.print_exc()
		else:
			commands += getattr(module, "commands", [])
	return commands


def command_of_an_app(context: click.Context, name: str) -> click.Command | None:
	"""The command of that name, with the services running, in the sites folder; None if no app has one."""
	home_path = context.params["home"].expanduser().resolve()
	for found in import_commands(home_path):
		if found.name == name:
			started = copy.copy(found)
			started.callback = functools.partial(_started, home_path, found.callback)
			return started
	return None


def _started(home_path: Path, callback: Callable, *args: object, **kwargs: object) -> object:
	Bench(home_path, None).start()
	return callback(*args, **kwargs)


def command(name: str) -> Callable:
	"""A command of the group; its function gets the Bench first."""

	def register(function: Callable) -> click.Command:
		return main.command(name)(click.pass_obj(function))

	return register


# services


@command("start")
def start(bench: Bench):
	"""Start MariaDB and Redis in the background."""
	bench.start()


@command("stop")
def stop(bench: Bench):
	"""Stop MariaDB and Redis."""
	Services(bench.home).stop()


@command("status")
def status(bench: Bench):
	"""Tell which services run; exit code 1 unless all do."""
	states = Services(bench.home).status()
	for name, is_up in states.items():
		click.echo(f"{name:12} {'running' if is_up else 'stopped'}")
	raise SystemExit(0 if all(states.values()) else 1)


# sites


@command("new-site")
@click.argument("name")
@click.option("--admin-password", prompt=True, hide_input=True, confirmation_prompt=True)
@click.option("--install-app", "apps", multiple=True, help="App to install; may be repeated.")
@click.option("--set-default", is_flag=True, help="Make it the default site; the first site always is.")
@click.option("--force", is_flag=True, help="Replace the site if it exists.")
def new_site(bench: Bench, name: str, admin_password: str, apps: tuple[str], set_default: bool, force: bool):
	"""Make a site with its database."""
	bench.start()
	site.new_site(name, admin_password=admin_password, force=force)
	for app in apps:
		site.install_app(name, app)
	if set_default or not bench.config.get("default_site"):
		bench.home.set_setting("default_site", name)
	click.echo(f"Made {name}.")


@command("drop-site")
@click.argument("name")
def drop_site(bench: Bench, name: str):
	"""Remove a site, its files and its database."""
	bench.start()
	site.drop_site(name)
	if bench.config.get("default_site") == name:
		bench.home.set_setting("default_site", None)


@command("install-app")
@click.argument("apps", nargs=-1, required=True)
def install_app(bench: Bench, apps: tuple[str]):
	"""Install apps (importable Python packages) on the site."""
	bench.start()
	for app in apps:
		site.install_app(bench.site, app)


@command("list-apps")
def list_apps(bench: Bench):
	"""Print the apps of the site."""
	bench.start()
	for app in site.list_apps(bench.site):
		click.echo(app)


@command("migrate")
def migrate(bench: Bench):
	"""Bring the site's tables, fixtures and scheduled jobs up to date with its apps."""
	bench.start()
	site.migrate(bench.site)


@command("set-config")
@click.argument("key")
@click.argument("value")
@click.option("--global", "-g", "is_common", is_flag=True, help="For all sites.")
@click.option("--parse", "-p", is_flag=True, help="VALUE is a Python literal; None removes the key.")
def set_config(bench: Bench, key: str, value: str, is_common: bool, parse: bool):
	"""Set a key of the site's configuration."""
	parsed = literal_eval(value) if parse else value
	if is_common:
		bench.home.set_setting(key, parsed)
	else:
		bench.home.set_site_setting(bench.site, key, parsed)


# work on a site


@command("execute")
@click.argument("method")
@click.option("--args", help="Positional arguments as a Python literal: a list or tuple, or one string.")
@click.option("--kwargs", help="Keyword arguments as a Python literal.")
def execute(bench: Bench, method: str, args: str | None, kwargs: str | None):
	"""Call a function, commit, and print what it returned as JSON."""
	with bench.connected():
		name = method.removeprefix("frappe.db.")
		function = getattr(frappe.db, name) if name != method else frappe.get_attr(method)
		result = function(*positional(args), **(literal_eval(kwargs) if kwargs else {}))
		frappe.db.commit()
		if result:
			click.echo(json.dumps(result, default=json_handler))


def positional(args: str | None) -> list | tuple:
	if not args:
		return ()
	try:
		values = literal_eval(args)
	except (ValueError, SyntaxError):
		return (args,)
	return values if isinstance(values, list | tuple) else (values,)


@command("console")
def console(bench: Bench):
	"""Open a Python console on the site."""

	with bench.connected():
		names = {"frappe": frappe, **{app: __import__(app) for app in frappe.get_installed_apps()}}
		code.interact(banner=f"{bench.site}: {', '.join(names)}", local=names)


@command("enable-scheduler")
def enable_scheduler(bench: Bench):
	"""Let scheduled jobs of the site run."""
	toggle(bench, True)


@command("disable-scheduler")
def disable_scheduler(bench: Bench):
	"""Keep scheduled jobs of the site from being enqueued."""
	toggle(bench, False)


def toggle(bench: Bench, is_on: bool) -> None:
	with bench.connected():
		toggle_scheduler(is_on)
		frappe.db.commit()
	click.echo(f"{'Enabled' if is_on else 'Disabled'} for {bench.site}")


@command("clear-cache")
def clear_cache(bench: Bench):
	"""Forget everything cached for the site."""
	with bench.connected():
		frappe.clear_cache()


@command("run-tests")
def run_tests(bench: Bench):
	"""Not here: run pytest."""
	raise click.ClickException("benchless does not support run-tests; run the app's tests with pytest.")


# processes


@command("worker")
@click.option("--queue", help="Queues, comma-separated, first ones first. Default: all.")
@click.option("--quiet", is_flag=True)
@click.option("--burst", is_flag=True, help="End when the queues are empty.")
@click.option("--strategy", type=click.Choice(["round_robin", "random"]))
def worker(bench: Bench, queue: str | None, quiet: bool, burst: bool, strategy: str | None):
	"""Run one worker."""
	bench.start()
	background_jobs.start_worker(queue, quiet=quiet, burst=burst, strategy=strategy)


@command("worker-pool")
@click.option("--queue", help="Queues, comma-separated, first ones first. Default: all.")
@click.option("--num-workers", type=int, default=2, show_default=True)
@click.option("--quiet", is_flag=True)
@click.option("--burst", is_flag=True, help="End when the queues are empty.")
def worker_pool(bench: Bench, queue: str | None, num_workers: int, quiet: bool, burst: bool):
	"""Run several workers."""
	bench.start()
	background_jobs.start_worker_pool(queue, num_workers=num_workers, quiet=quiet, burst=burst)


@command("scheduler")
def scheduler(bench: Bench):
	"""Enqueue the scheduled jobs of all sites when they are due."""
	bench.start()
	with suppress(KeyboardInterrupt):
		start_scheduler()


@command("serve")
@click.option("--port", type=int, help="Default: webserver_port of the configuration.")
@click.option("--no-socketio", is_flag=True, help="Without the Socket.IO server.")
@click.option("--all-sites", is_flag=True, help="The Host header names the site, as behind a bench's nginx.")
def serve(bench: Bench, port: int | None, no_socketio: bool, all_sites: bool):
	"""Run the web server and, beside it, the Socket.IO server."""
	bench.start()
	if not no_socketio:
		os.environ["DEV_SERVER"] = "1"
	# only this process needs it, and workers are forked from what they have imported
	from benchless import web

	stop_on_sigterm()
	logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
	port = port or bench.config["webserver_port"]
	if not is_port_free(port):
		raise ServiceError(
			f"Port {port} is in use by another program. Stop it, use --port, or change webserver_port "
			f"in {bench.home.settings_file}."
		)
	server = web.make_web_server(port, None if all_sites else bench.default_site)
	click.echo(f"http://{bench.default_site or 'localhost'}:{port}", err=True)
	home = str(bench.home_path)
	try:
		if no_socketio:
			web.serve(server)
		else:
			parent = str(os.getpid())
			with running("--home", home, "socketio", "--web-port", str(port), "--parent", parent):
				web.serve(server)
	except KeyboardInterrupt:
		click.echo("Stopped.", err=True)


@command("socketio")
@click.option("--port", type=int, help="Default: socketio_port of the configuration.")
@click.option("--web-port", type=int, help="Where the web server is. Default: webserver_port.")
@click.option("--parent", type=int, hidden=True, help="Stop when this process is no longer the parent.")
def socketio(bench: Bench, port: int | None, web_port: int | None, parent: int | None):
	"""Run the Socket.IO server alone."""
	bench.start()
	from benchless.socket_server import SocketServer

	logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
	config = bench.config
	server = SocketServer(config, web_port or config["webserver_port"])
	run_until_stopped(server.run(port or config["socketio_port"]), parent)
