# The operator's and the developer's words; each target explains itself in `make help`.

.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
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
	@mkdir -p $(dir $(LINK)/)..
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
