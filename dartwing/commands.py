"""Imported by `bench` before it runs any command."""

from dartwing.warm_start import load_in_a_worker

# no commands of our own
commands: list = []

load_in_a_worker()
