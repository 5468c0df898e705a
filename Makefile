# Every command of the house. `make run` is enough to begin with.
SHELL := /bin/bash
.ONESHELL:
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := run
MAKEFLAGS += --no-print-directory
PORT ?= 8000
PY := .venv/bin/python
MANAGE := $(PY) manage.py
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# A web server with the background worker beside it. Each has a process group of its own; both end with this shell. A worker
# in the middle of something long is not waited for: what it did is begun again by the next one.
define beside_worker
set -m
$(MANAGE) qcluster & worker=$$!
$(1) & web=$$!
stop() { exec 2>/dev/null; trap - INT TERM HUP; kill -TERM -- -$$web -$$worker 2>/dev/null || true; for i in 1 2 3 4 5 6 7 8 9 10; do kill -0 -- -$$worker 2>/dev/null || kill -0 -- -$$web 2>/dev/null || break; sleep 0.5; done; kill -KILL -- -$$web -$$worker 2>/dev/null || true; }
trap 'stop; exit 0' INT TERM HUP
trap stop EXIT
wait $$web
endef

.PHONY: run setup serve test lint audit axe bench load faults packages test-packages messages

run: setup ## everything, then serve with the demo programme
	@echo
	echo "kotaku: http://127.0.0.1:$(PORT)"
	echo "Akun demo (kata sandi kotaku-demo): admin planner verifier viewer pokja_member opd_user balai village_user"
	$(call beside_worker,$(MANAGE) runserver --noreload $(PORT))

setup: packages .venv/installed node_modules/installed var/env messages ## all of that except serving; the demo only where DEBUG is on
	@$(MANAGE) upgrade
	$(MANAGE) collectstatic --noinput --verbosity 0
	if [ "$${DEBUG:-$$(sed -n 's/^DEBUG=//p' var/env)}" = 1 ]; then $(MANAGE) demo; fi

serve: setup ## as in production: no debug, real web server, background worker
	@export DEBUG=0
	$(call beside_worker,.venv/bin/gunicorn kotaku.wsgi --bind 127.0.0.1:$(PORT) --workers 2 --threads 2 --keep-alive 75 --access-logfile - --access-logformat '%(t)s %(s)s %(m)s %(b)s %(M)s ms')

packages:
	@.ci/system-packages run

test-packages:
	@.ci/system-packages run test

.venv/bin/python: | packages
	@python3 -m venv .venv

.venv/installed: requirements.txt constraints.txt | .venv/bin/python
	@.venv/bin/pip install --quiet -r requirements.txt
	touch $@

.venv/installed-dev: requirements-dev.txt requirements.txt constraints.txt | .venv/bin/python
	@.venv/bin/pip install --quiet -r requirements-dev.txt
	touch $@

node_modules/installed: package.json package-lock.json | packages
	@npm ci --no-audit --no-fund --loglevel=error
	touch $@

var/env: | .venv/bin/python
	@mkdir -p var
	umask 077
	printf 'DEBUG=1\nSECRET_KEY=%s\nALLOWED_HOSTS=127.0.0.1,localhost\n' "$$(python3 -c 'import secrets; print(secrets.token_urlsafe(50))')" > $@

messages: | packages
	@for po in locale/*/LC_MESSAGES/django.po locale/packages/*/LC_MESSAGES/django.po; do msgfmt --check-format -o "$${po%.po}.mo" "$$po"; done

test: test-packages .venv/installed .venv/installed-dev node_modules/installed messages ## all checks and all tests
	@.ci/test

lint: .venv/installed-dev node_modules/installed messages ## checks alone
	@.ci/lint

audit: .venv/installed-dev node_modules/installed ## known weaknesses of all packages, asked of PyPI and npm
	@$(PY) -m tests.audit

axe: test-packages .venv/installed-dev node_modules/installed messages ## accessibility of every page in all variants
	@AXE_ALL=1 .venv/bin/pytest tests/browser/test_accessibility.py

load: .venv/installed-dev node_modules/installed messages ## 50 users for ten minutes on the server as in production
	@.venv/bin/pip install --quiet -r requirements-load.txt
	$(PY) benchmarks/load/run.py

faults: .venv/installed-dev node_modules/installed messages ## kills, a full disk, a database that goes away, a clock that jumps, two people at once
	@$(PY) benchmarks/faults/run.py

bench: .venv/installed-dev node_modules/installed messages ## benchmarks, as ratios of two things in one run
	@for script in benchmarks/*.py; do echo "== $$script"; $(PY) "$$script"; done
