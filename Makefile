# Everything is set up in .benchless/, which git ignores; delete it to start afresh.
PYTHON ?= python3
TESTS ?= tests dartwing benchless/tests demo/tests
# each has a MariaDB and a Redis of its own; 0 runs the tests in one process, as a debugger needs
PROCESSES ?= 2
JOBS ?= 5000
HOME_FOLDER := .benchless
VENV := $(HOME_FOLDER)/venv
READY := $(VENV)/.ready
RUN := $(VENV)/bin/python
BENCHMARKS_VENV := $(HOME_FOLDER)/benchmarks-venv
# where the benchmarks leave their results and the report; those of small sizes are not for the docs
MEASURED := $(if $(QUICK),$(HOME_FOLDER)/benchmarks/results,benchmarks/results)
REPORT := $(if $(QUICK),$(HOME_FOLDER)/benchmarks/docs,docs)

.PHONY: announcement architecture demo pictures test test-bench bench-report screenshots soak check format stop clean help

## make help                say what there is
help:
	@sed -n 's/^## //p' $(MAKEFILE_LIST)

## make demo [SERVE=1]      run the main job on real input, with a live view; SERVE=1 keeps the site up
demo: announcement $(READY)
	@$(RUN) -m demo $(if $(filter-out 0,$(SERVE)),--serve)

## make pictures            run the demo and take the docs' pictures of the members' page
pictures: NEEDS := --browser
pictures: announcement $(READY)
	@PYTHONPATH=$(CURDIR)/tests $(RUN) -m demo.pictures --svg docs/images/demo.svg

## make test [TESTS=…] [PROCESSES=2]   run the tests on benchless
test: NEEDS := --browser
test: announcement $(READY)
	$(RUN) -m pytest --numprocesses $(PROCESSES) --dist loadfile $(TESTS) $(PYTEST_ARGS)

## make test-bench BENCH=… SITE=… [TESTS=…]   run the same tests on a site of a real bench
test-bench:
	@test -n "$(BENCH)" -a -n "$(SITE)" || { echo "usage: make test-bench BENCH=<bench folder> SITE=<site>"; exit 2; }
	@test -x "$(BENCH)/env/bin/python" || { echo "$(BENCH) is no bench folder: it has no env/bin/python"; exit 2; }
	$(BENCH)/env/bin/python -m pip install --quiet --editable ".[test]"
	BENCH="$(BENCH)" SITE="$(SITE)" $(BENCH)/env/bin/python -m pytest $(filter-out benchless/tests demo/tests,$(TESTS)) $(PYTEST_ARGS)

## make screenshots BENCH=… SITE=…   take the pictures of Desk for docs/images
screenshots:
	@$(MAKE) --no-print-directory test-bench TESTS=tests/desk/take_screenshots.py PYTEST_ARGS=-q

## make soak [JOBS=5000] [BENCH=… SITE=…]   run random jobs while something random is killed every few seconds
soak: $(if $(BENCH),,$(READY))
ifdef BENCH
	@test -n "$(SITE)" -a -x "$(BENCH)/env/bin/python" || { echo "BENCH=<bench folder> and SITE=<site> go together"; exit 2; }
	$(BENCH)/env/bin/python -m pip install --quiet --editable ".[test]"
	BENCH="$(BENCH)" SITE="$(SITE)" PYTHONPATH=$(CURDIR)/tests $(BENCH)/env/bin/python tests/faults/soak.py $(JOBS)
else
	BENCHLESS_HOME=$(HOME_FOLDER)/soak PYTHONPATH=$(CURDIR)/tests $(RUN) tests/faults/soak.py $(JOBS)
endif

## make bench-report [BENCH=… SITE=…] [QUICK=1]   measure, beside what one would do without the engine
bench-report: $(BENCHMARKS_VENV)/.ready $(if $(BENCH),,$(READY))
ifdef BENCH
	@test -n "$(SITE)" -a -x "$(BENCH)/env/bin/python" || { echo "BENCH=<bench folder> and SITE=<site> go together"; exit 2; }
	$(BENCH)/env/bin/python -m pip install --quiet --editable ".[test]"
	BENCH="$(BENCH)" SITE="$(SITE)" $(BENCH)/env/bin/python -m benchmarks --results $(MEASURED) $(if $(QUICK),--quick)
	$(BENCH)/env/bin/python -m benchmarks.report --results $(MEASURED) --target $(REPORT)
else
	$(RUN) -m benchmarks --results $(MEASURED) $(if $(QUICK),--quick)
	$(RUN) -m benchmarks.report --results $(MEASURED) --target $(REPORT)
endif

## make architecture        draw docs/explanation/architecture.md anew from the imports
architecture:
	@$(PYTHON) docs/draw_architecture.py

## make check               run the linters
check: $(READY)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/bandit --quiet --recursive --configfile pyproject.toml dartwing

## make format              let the formatter write
format: $(READY)
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

## make stop                stop the services of benchless that still run
stop:
	@for home in $(patsubst %/sites,%,$(wildcard $(HOME_FOLDER)/*/sites)); do \
		BENCHLESS_HOME=$$home $(RUN) -m benchless stop || exit 1; done

## make clean               stop the services and remove .benchless/
clean: stop
	rm -rf $(HOME_FOLDER)

# says, before anything is done, what will be installed
announcement:
	@PYTHONPATH=$(CURDIR)/benchless $(PYTHON) tests/announce.py $(VENV) $(NEEDS)

$(BENCHMARKS_VENV)/.ready: benchmarks/requirements.txt
	@mkdir -p $(HOME_FOLDER)
	@$(PYTHON) -m venv $(BENCHMARKS_VENV)
	@$(BENCHMARKS_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --requirement benchmarks/requirements.txt
	@touch $@

$(READY): pyproject.toml benchless/pyproject.toml
	@mkdir -p $(HOME_FOLDER)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
		{ echo "Python 3.10 or newer is needed, $(PYTHON) is $$($(PYTHON) --version)"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "Python's venv module is needed; on Debian: apt-get install python3-venv"; exit 1; }
	@echo "installing the app, benchless and the tools into $(VENV) …"
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --use-pep517 \
		--editable ./benchless --editable ".[test,lint,demo]"
	@touch $@
