# The two commands are `make run` and `make test`; everything else builds on the same environment.
# They need git, python3 (3.11 or later), pip and make: no venv package, no compiler.
PY ?= python3
V  ?= .venv
BIN = $(V)/bin
RUN_ARGS ?=
TEST_ARGS ?=
BENCH_ARGS ?=

.PHONY: run test test-attacks test-postgresql test-matrix test-faults test-browser test-cli screenshots test-load test-timing test-sqlmap test-races lint bench bench-peers bench-postgresql bench-pgbouncer bench-growth bench-memory bench-start bench-acts locks clean python

run: $(V)/.run
	@exec $(BIN)/vestibule run $(RUN_ARGS)

test: $(V)/.test lint
	$(BIN)/python -m pytest -n 2 --dist worksteal --ignore=tests/attacks --ignore=tests/browser --ignore=tests/cli --ignore=tests/faults --ignore=tests/matrix $(TEST_ARGS)

# What is measured has the machine to itself: these are no part of `make test`. They are about SQLite,
# and about the other database by TEST_ARGS='--database postgresql'.
test-load: $(V)/.test
	$(BIN)/python -m pytest -q -s $(TEST_ARGS) tests/measured/test_load.py

test-timing: $(V)/.test
	$(BIN)/python -m pytest -q -s $(TEST_ARGS) tests/measured/test_timing.py

test-sqlmap: $(V)/.test
	$(BIN)/python -m pytest -q -s $(TEST_ARGS) tests/measured/test_sqlmap.py

# Each family of attacks, over HTTP, on a real server of two processes.
test-attacks: $(V)/.test
	$(BIN)/python -m pytest -n 2 --dist worksteal $(TEST_ARGS) tests/attacks

# The commands, each in a process of its own, and servers that are started and stopped.
test-cli: $(V)/.test
	$(BIN)/python -m pytest -n 2 --dist worksteal $(TEST_ARGS) tests/cli

# The tests of the service and its commands once more, on a PostgreSQL of their own.
test-postgresql: $(V)/.test
	$(BIN)/python -m pytest -n 2 --dist worksteal --database postgresql $(TEST_ARGS) tests/service tests/attacks tests/cli

# Every page in Debian's Chromium, with axe-core, which npm brings into the environment.
test-browser: $(V)/.test $(V)/axe/.done
	$(BIN)/python -m pytest -n 2 --dist worksteal $(TEST_ARGS) tests/browser

# Every page, light and dark, on a telephone and on a desk, into docs/screens.
screenshots: $(V)/.test
	$(BIN)/python -m tests.browser.screenshots

# The lesson on every interpreter, and the grader on all that it may be given.
test-matrix: $(V)/.test
	$(BIN)/python -m pytest -n 2 --dist worksteal $(TEST_ARGS) tests/matrix

# What takes long to go wrong, on real servers.
test-faults: $(V)/.test
	$(BIN)/python -m pytest $(TEST_ARGS) tests/faults

# The races of `make test` a thousand times, and its walks through the model by the hundred.
test-races: $(V)/.test
	RACE_ROUNDS=1000 MODEL_WALKS=100 $(BIN)/python -m pytest -n 2 --dist worksteal $(TEST_ARGS) tests/model

lint: $(V)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Under five minutes; with BENCH_ARGS=--write docs/performance.md has what was found.
bench: $(V)/.test
	$(BIN)/python -m bench $(BENCH_ARGS)

# Others who do the same are installed once, each in an environment of its own: docs/performance.md.
bench-peers: $(V)/.test
	$(BIN)/python -m bench --peers $(BENCH_ARGS)

bench-postgresql: $(V)/.test
	$(BIN)/python -m bench --database postgresql $(BENCH_ARGS)

bench-pgbouncer: $(V)/.test
	$(BIN)/python -m bench --database pgbouncer $(BENCH_ARGS)

# What becomes dearer with more people, up to a million, or ten with BENCH_ARGS=--most; what workers
# take after ten minutes; and how long a start takes.
bench-growth: $(V)/.test
	$(BIN)/python -m bench.growth $(BENCH_ARGS)

bench-memory: $(V)/.test
	$(BIN)/python -m bench.memory $(BENCH_ARGS)

bench-start: $(V)/.test
	$(BIN)/python -m bench.start $(BENCH_ARGS)

# Where the time goes that acts take beside their hashes.
bench-acts: $(V)/.test
	$(BIN)/python -m bench.acts $(BENCH_ARGS)

# The locks carry hashes and no index address; uv is needed only by who changes a dependency.
locks:
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  --no-annotate pyproject.toml --group build -o requirements/run.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  --no-annotate pyproject.toml --group build --group test -c requirements/run.txt -o requirements/test.txt

clean:
	rm -rf $(V) .venvs

python:
	@$(PY) -c 'import sys; v = sys.version_info; sys.exit(0 if v >= (3, 11) else "Vestibule needs Python 3.11 or later, and $(PY) is %d.%d. Name another one: make PY=python3.12 ..." % v[:2])'

# `| python` checks the interpreter first, without making the stamp stale.
$(V)/.run: requirements/run.txt pyproject.toml | python
	$(PY) -m venv --without-pip $(V)
	$(PY) -m pip -q --python $(BIN)/python install --require-hashes --only-binary :all: -r requirements/run.txt
	$(PY) -m pip -q --python $(BIN)/python install --no-index --no-deps --no-build-isolation -e .
	@touch $@

$(V)/.test: requirements/test.txt $(V)/.run
	$(PY) -m pip -q --python $(BIN)/python install --require-hashes --only-binary :all: -r requirements/test.txt
	@touch $@

$(V)/axe/.done: tests/browser/package-lock.json tests/browser/package.json | $(V)/.run
	mkdir -p $(V)/axe
	cp tests/browser/package.json tests/browser/package-lock.json $(V)/axe
	cd $(V)/axe && npm ci --silent --ignore-scripts --no-audit --no-fund
	@touch $@
