"""The home folder, its ports and its servers."""

import json
import os
import socket
import subprocess
import sys
import threading

import pytest

from benchless.errors import HomeError, ServiceError
from benchless.home import MARKER, Home, free_ports, is_port_free
from benchless.services import Services, socket_path


@pytest.fixture
def home(tmp_path):
	return Home.open(tmp_path / "home")


def test_a_new_home_is_laid_out_like_a_bench(home):
	assert (home.path / MARKER).exists()
	assert home.apps() == ["frappe"]
	settings = home.settings()
	assert settings["redis_socketio"] == settings["redis_queue"] != settings["redis_cache"]
	assert {"db_host", "db_port", "db_root_password", "socketio_port", "webserver_port"} <= set(settings)


def test_opening_again_keeps_the_settings(home):
	assert Home.open(home.path).settings() == home.settings()


def test_a_folder_that_holds_something_else_is_refused(tmp_path):
	(tmp_path / "thesis.txt").write_text("precious")
	with pytest.raises(HomeError, match="not a benchless home"):
		Home.open(tmp_path)
	assert os.listdir(tmp_path) == ["thesis.txt"]


def test_a_file_is_refused_as_home(tmp_path):
	file = tmp_path / "home"
	file.write_text("")
	with pytest.raises(HomeError, match="is a file"):
		Home.open(file)


def test_many_at_once_make_one_home(tmp_path):
	settings = []
	threads = [
		threading.Thread(target=lambda: settings.append(Home.open(tmp_path / "home").settings()))
		for _ in range(8)
	]
	for thread in threads:
		thread.start()
	for thread in threads:
		thread.join()
	assert len(settings) == 8
	assert all(one == settings[0] for one in settings)


def test_ports_are_free_and_different():
	ports = free_ports(5)
	assert len(set(ports)) == 5
	assert all(is_port_free(port) for port in ports)


def test_a_setting_can_be_set_and_removed(home):
	home.set_setting("pause_scheduler", 1)
	assert home.settings()["pause_scheduler"] == 1
	home.set_setting("pause_scheduler", None)
	assert "pause_scheduler" not in home.settings()


def test_a_socket_path_too_long_for_the_system_moves_to_the_temporary_folder(tmp_path):
	assert socket_path(tmp_path / ("x" * 120)).name.startswith("benchless-")
	assert len(str(socket_path(tmp_path / ("x" * 120)))) < 108


def test_a_port_that_another_program_holds_is_named_with_the_file_to_change(home):
	with socket.socket() as other:
		other.bind(("127.0.0.1", 0))
		other.listen()
		home.set_setting("db_port", other.getsockname()[1])
		with pytest.raises(ServiceError) as error:
			Services(home).start()
	assert str(home.settings()["db_port"]) in str(error.value)
	assert str(home.settings_file) in str(error.value)


def test_a_pid_that_now_belongs_to_another_process_is_not_ours(home):
	service = Services(home).all[1]
	service.folder.mkdir(parents=True)
	service.pid_file.write_text(json.dumps({"pid": os.getpid(), "created": 1.0}))
	assert service.process() is None
	assert service.stop() is False


def test_services_start_once_answer_and_stop(home):
	services = Services(home)
	try:
		assert services.start() is True
		assert services.start() is False
		assert all(services.status().values())
		code = "import sys; from benchless.home import Home; from benchless.services import Services; "
		code += "print(Services(Home.open(sys.argv[1])).start())"
		other = subprocess.run([sys.executable, "-c", code, home.path], capture_output=True, text=True)
		assert other.stdout.strip() == "False", other.stderr
	finally:
		assert services.stop() is True
	assert services.stop() is False
	assert not any(services.status().values())
