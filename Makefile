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
	@$(PYTEST) $(2) 2>&1 | tee $(CLOSING)/$(1).log
	@tail -n 1 $(CLOSING)/$(1).log > $(CLOSING)/$(1)
endef

.PHONY: test
test:  ## Everything: lint, sanity, unit, integration, and real hosts where they can run
	@rm -rf $(CLOSING)
	@$(MAKE) lint sanity unit integration test-hosts
	$(SAY) "All tests passed"
	@cd $(CLOSING) && for part in unit integration hosts; do \
		if [ -f $$part ]; then printf '%-12s %s\n' "$$part:" "$$(cat $$part)"; fi; done

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

# The store is also tested on a real PostgreSQL server. Only root can install one; for others the tests say so.
.PHONY: postgresql
postgresql:
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && ! ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; then \
		printf '\n\033[1m==> %s\033[0m\n' "Installing PostgreSQL for the tests (a minute)"; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends postgresql; fi

.PHONY: integration
integration: setup-dev postgresql  ## Playbooks, modules and the packaged collection, on this machine
	$(SAY) "Integration tests"
	$(call run-pytest,integration,tests/integration --ignore=tests/integration/hosts --numprocesses=auto --dist=loadfile)

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
	(cd extensions && $(BIN)/molecule test --scenario-name weekly) && $(MAKE) broken-hosts

.PHONY: broken-hosts
broken-hosts: setup-dev  ## Every fault the weekly checks exist for, made on the real hosts
	$(SAY) "Faults on real systemd hosts (each round is a play: some minutes)"
	$(call run-pytest,hosts,tests/integration/hosts)
	@$(BIN)/python -m tests.hosts down

.PHONY: bench
bench: setup-dev  ## Wall time, CPU and bytes of the weekly checks beside ssh, plain tasks and pyinfra
	@$(BIN)/python -m tests.bench

##@ packaging

.PHONY: build
build: setup  ## Build the collection's archive under .cache/build
	@$(BIN)/ansible-galaxy collection build --force --output-path .cache/build

.PHONY: clean
clean: demo-down  ## Remove the demo, .venv and everything generated
	@rm -rf .cache .venv
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
