# The operator's and the developer's words; each target explains itself in `make help`.

.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.NOTPARALLEL:
MAKEFLAGS += --no-print-directory

# ansible-core 2.19 wants Python 3.11 on the controller: the first one found, unless PYTHON says which.
PYTHON ?= $(shell for candidate in python3 python3.13 python3.12 python3.11 python3.14; do \
	"$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$candidate" && break; done)

VENV := .venv
BIN := $(CURDIR)/$(VENV)/bin
LINK := .cache/collections/ansible_collections/aiops/runbooks
SAY := @printf '\n\033[1m==> %s\033[0m\n'
export PATH := $(BIN):$(PATH)
# Plays start sooner where Python keeps what it has compiled.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help
help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

##@ setup

.PHONY: setup
setup: link $(VENV)/.runtime  ## Create .venv and make this checkout the collection Ansible finds

.PHONY: setup-dev
setup-dev: setup $(VENV)/.development  ## The same, with everything the tests need

.PHONY: link
link: $(LINK)/galaxy.yml

$(LINK)/galaxy.yml:
	@mkdir -p $(dir $(LINK))
	@ln -sfn ../../../.. $(LINK)

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later is needed on the controller: install it, or run make PYTHON=/path/to/python3"; exit 1; }
	$(SAY) "Creating $(VENV) with $(PYTHON)"
	@"$(PYTHON)" -m venv $(VENV)

$(VENV)/.runtime: requirements.txt requirements-demo.txt | $(VENV)/bin/python
	$(SAY) "Installing what the collection and its demo need (half a minute)"
	@$(BIN)/pip install --disable-pip-version-check -r requirements-demo.txt
	@touch $@

$(VENV)/.development: requirements-dev.txt $(VENV)/.runtime
	$(SAY) "Installing what the tests need (a minute)"
	@$(BIN)/pip install --disable-pip-version-check -r requirements-dev.txt
	@touch $@

##@ demo

WEEKLY := $(BIN)/ansible-playbook playbooks/weekly.yml
# The store and the reports stay with the demo, whatever the user's own settings are.
demo demo-break demo-repair: export AIOPS_STATE_DIR := $(CURDIR)/.demo/state
demo demo-break demo-repair: export AIOPS_STORE_URL :=
NEXT = @printf '\nNext: %s\n'

.PHONY: demo
demo: setup  ## Start four systems on this machine, run the weekly procedure, show where the report is
	$(SAY) "Starting the four demo systems"
	@$(BIN)/python -m demo up
	$(SAY) "ansible-playbook playbooks/weekly.yml"
	@$(WEEKLY)
	$(NEXT) 'open the report above, make demo-break, make demo-down'

.PHONY: demo-break
demo-break: setup  ## Make believable trouble in the demo and see the weekly procedure catch it
	$(SAY) "Making trouble"
	@$(BIN)/python -m demo break
	$(SAY) "ansible-playbook playbooks/weekly.yml (it ends with an error: systems are critical now)"
	@status=0; $(WEEKLY) || status=$$?; case $$status in 2|4|6) ;; 0) echo "The trouble was not noticed."; exit 1 ;; *) exit $$status ;; esac
	$(NEXT) 'open the report above, make demo-repair, make demo-down'

.PHONY: demo-repair
demo-repair: setup  ## Undo the trouble and run the weekly procedure again
	$(SAY) "Repairing the demo systems"
	@$(BIN)/python -m demo repair
	$(SAY) "ansible-playbook playbooks/weekly.yml"
	@$(WEEKLY)
	$(NEXT) 'make demo-down'

.PHONY: demo-down
demo-down:  ## Stop the demo systems and remove all they kept
	@if [ -x $(BIN)/python ]; then $(BIN)/python -m demo down; fi
	@rm -rf .demo

##@ tests

PYTEST := $(BIN)/pytest
CLOSING := .cache/closing-lines
# A run's last line is kept, so that `make test` can end with all of them.
define run-pytest
	@mkdir -p $(CLOSING)
	@status=0; $(PYTEST) $(2) 2>&1 | tee $(CLOSING)/$(1).log || status=$$?; \
	tail -n 1 $(CLOSING)/$(1).log > $(CLOSING)/$(1); exit $$status
endef

.PHONY: test
# Each part runs, whatever became of those before it: one run tells everything that is wrong. What reads the code only
# uses one processor most of the time; it runs beside the tests, and its output comes behind theirs.
test: setup-dev  ## Everything: lint, sanity, unit, integration, and real hosts where they can run
	@rm -rf $(CLOSING); mkdir -p $(CLOSING); \
	$(MAKE) --keep-going lint sanity > $(CLOSING)/code.log 2>&1 & code=$$!; \
	trap 'kill $$code 2>/dev/null || true' EXIT; \
	failed=; for part in unit integration; do $(MAKE) $$part || failed="$$failed $$part"; done; \
	wait $$code || failed=" lint-or-sanity$$failed"; cat $(CLOSING)/code.log; \
	$(MAKE) test-hosts || failed="$$failed test-hosts"; \
	printf '\n\033[1m==> %s\033[0m\n' "$${failed:+FAILED:$$failed}$$([ -n "$$failed" ] || echo All tests passed)"; \
	cd $(CLOSING) && for part in unit integration hosts acting; do \
		if [ -f $$part ]; then printf '%-12s %s\n' "$$part:" "$$(cat $$part)"; fi; done; \
	[ -z "$$failed" ]

.PHONY: lint
lint: setup-dev  ## ruff, mypy, yamllint, ansible-lint, documentation, changelog
	$(SAY) "ruff"
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	$(SAY) "mypy"
	@$(BIN)/mypy
	$(SAY) "yamllint"
	@$(BIN)/yamllint --strict .
	$(SAY) "ansible-lint"
	@$(BIN)/ansible-lint --offline
	$(SAY) "antsibull-docs, antsibull-changelog"
	@$(BIN)/antsibull-docs lint-collection-docs --plugin-docs --validate-collection-refs=self .
	@$(BIN)/antsibull-changelog lint

.PHONY: sanity
sanity: setup-dev  ## ansible-test sanity on a copy, complete or failed (ONLY="pep8 pylint" for some tests)
	$(SAY) "ansible-test sanity (half a minute; two minutes the first time)"
	@$(BIN)/python tests/sanity_run.py $(ONLY)

.PHONY: unit
unit: setup-dev  ## Unit tests
	$(SAY) "Unit tests"
	$(call run-pytest,unit,tests/unit --numprocesses=auto)

# The tests use real counterparts: a PostgreSQL server, an SSH server, restic, strace, Alertmanager. Only root can install them;
# for others the tests say what is missing. Each is known by a file of its own.
TEST_PACKAGES := postgresql:/usr/lib/postgresql openssh-server:/usr/sbin/sshd restic:/usr/bin/restic \
	goaccess:/usr/bin/goaccess jq:/usr/bin/jq rsync:/usr/bin/rsync sqlite3:/usr/bin/sqlite3 strace:/usr/bin/strace \
	default-jre-headless:/usr/bin/java prometheus-alertmanager:/usr/bin/prometheus-alertmanager
MISSING = $(foreach package,$(TEST_PACKAGES),$(if $(wildcard $(lastword $(subst :, ,$(package)))),,$(firstword $(subst :, ,$(package)))))

.PHONY: test-packages
test-packages:
	@if [ -n "$(strip $(MISSING))" ] && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		printf '\n\033[1m==> %s\033[0m\n' "Installing for the tests: $(strip $(MISSING))"; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $(MISSING); fi

# A play waits for its hosts now and then: one worker more than there are processors.
WORKERS = $(shell echo $$(($$(getconf _NPROCESSORS_ONLN) + 1)))

.PHONY: integration
integration: setup-dev test-packages  ## Playbooks, modules and the packaged collection, on this machine
	$(SAY) "Integration tests"
	$(call run-pytest,integration,tests/integration --ignore=tests/integration/hosts --numprocesses=$(WORKERS))

.PHONY: hosts-up
hosts-up: setup-dev  ## Start the systemd test hosts (root and podman)
	@$(BIN)/python -m tests.hosts up

.PHONY: hosts-down
hosts-down: setup-dev  ## Remove the systemd test hosts
	@$(BIN)/python -m tests.hosts down

.PHONY: test-hosts
test-hosts: setup-dev  ## Weekly runs on real systemd hosts, healthy and broken (molecule, testinfra)
	$(SAY) "Real systemd hosts (the first time builds their images: two minutes)"
	@mkdir -p $(CLOSING)
	@status=0; $(BIN)/python -m tests.hosts status || status=$$?; \
	if [ $$status -eq 75 ]; then echo "NOT TESTED: this machine cannot run them" > $(CLOSING)/hosts; exit 0; fi; \
	[ $$status -eq 0 ] || exit $$status; \
	failed=; (cd extensions && $(BIN)/molecule test --scenario-name weekly) || failed=1; \
	$(MAKE) broken-hosts || failed=1; [ -z "$$failed" ]

.PHONY: broken-hosts
broken-hosts: setup-dev test-packages  ## Every fault the checks exist for, and every procedure that acts, on the real hosts
	@failed=; for part in hosts-in-trouble hosts-acted-upon; do $(MAKE) $$part || failed=1; done; [ -z "$$failed" ]
	@$(BIN)/python -m tests.hosts down

# Hosts boot, and plays wait for hosts, and workers wait for each other: each of these has a limit of its own.
PATIENCE := --override-ini=faulthandler_timeout=3600

.PHONY: hosts-in-trouble
hosts-in-trouble: setup-dev test-packages
	$(SAY) "Faults on real systemd hosts (each round is a play: some minutes)"
	$(call run-pytest,hosts,tests/integration/hosts --ignore=tests/integration/hosts/acting $(PATIENCE))

.PHONY: hosts-acted-upon
hosts-acted-upon: setup-dev test-packages
	$(SAY) "Procedures on real systemd hosts (a worker per host)"
	$(call run-pytest,acting,tests/integration/hosts/acting --numprocesses=6 --dist=loadgroup $(PATIENCE))

.PHONY: bench
bench: setup-dev  ## Wall time, CPU and bytes of the weekly checks beside ssh, plain tasks and pyinfra
	@$(BIN)/python -m tests.bench

.PHONY: bench-logs
bench-logs: setup-dev  ## Wall time, CPU and memory of two million-line logs beside GoAccess, DuckDB, jq, grep and awk
	@$(BIN)/python -m tests.bench.logs

.PHONY: bench-backup
bench-backup: setup-dev  ## Backup and restore of a 500 MB database beside shell commands, a replayed dump, tar and restic
	@$(BIN)/python -m tests.bench.backup
	@$(BIN)/python -m tests.bench.restore

.PHONY: bench-fleet
bench-fleet: setup-dev test-packages  ## 200 simulated systems: time, memory of the controller, events per host, writes to the store
	@$(BIN)/python -m tests.bench.fleet

##@ packaging

.PHONY: build
build: setup  ## Build the collection's archive under .cache/build
	@$(BIN)/ansible-galaxy collection build --force --output-path .cache/build

EE_IMAGE ?= aiops-runbooks:latest
EE_ARGUMENTS ?=
.PHONY: execution-environment
execution-environment: build setup-dev  ## The image that AWX runs jobs in, with podman (EE_IMAGE=NAME EE_ARGUMENTS=...)
	@$(BIN)/ansible-builder build --file execution-environment.yml --context .cache/execution-environment \
		--tag "$(EE_IMAGE)" $(EE_ARGUMENTS)

.PHONY: clean
clean: demo-down  ## Remove the demo, .venv and everything generated
	@rm -rf .cache .venv
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
