# make demo   the main job on the built-in catalog        make lint    ruff, mypy
# make test   all tests but the longest                   make bench   speed, measured
# make test-long   those too, some minutes more
# make base   train the shipped base checkpoint anew      make docs    docs that are made from code
# make demo-goods   a shop: photographs → products, promotions, nearest store
# Each sets up what it needs; a second run re-uses it.

PYTHON ?= python3
BIN := .venv/bin
DEMO ?= demo
PAIRDEX := $(BIN)/pairdex --home $(DEMO)/home
# Quiet, and where the wheel's own address never needs to be known.
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: help demo demo-goods test test-long browser lint format bench base docs lock clean
.DEFAULT_GOAL := help

help:
	@sed -n '1,6s/^# //p' Makefile

.venv/installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo 'Python 3.11 or newer is needed: make PYTHON=python3.12 …'; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null \
	  || { apt-get update -qq && apt-get install -y -qq python3-venv; }
	@echo 'setting up .venv: about 700 MB are installed, once'
	$(PYTHON) -m venv .venv
	$(PIP) install -r requirements.lock
	$(PIP) install --no-deps -e .
	@touch $@

demo: .venv/installed
	$(PAIRDEX) catalog demo --items 1025 --seed 7 --out $(DEMO)/catalog
	$(PAIRDEX) catalog import $(DEMO)/catalog/catalog.csv
	@test -e $(DEMO)/home/artifact/artifact.json \
	  || { echo 'training the first time: about 4 minutes on 2 cores'; \
	       $(PAIRDEX) --set encoder.weights=base train; }
	$(PAIRDEX) index build
	$(PAIRDEX) search 'fire-type lizard' --top 5 --html $(DEMO)/fire-type-lizard.html
	$(PAIRDEX) search 'a sleeping ghost' --top 5
	$(PAIRDEX) search '파란 물고기' --top 5
	@echo 'and an image that the catalog does not hold:'
	$(PAIRDEX) catalog demo --items 1 --seed 2026 --out $(DEMO)/unseen
	$(PAIRDEX) tag $(DEMO)/unseen/images/*
	$(PAIRDEX) info
	@echo
	@echo 'drawings     $(DEMO)/catalog/images, described in $(DEMO)/catalog/catalog.csv'
	@echo 'home         $(DEMO)/home: database, model, index'
	@echo 'results page $(DEMO)/fire-type-lizard.html'
	@echo 'go on with   $(PAIRDEX) search "…"'

# A shop: drawn goods, promotions, stores; photographs → records. `benchmarks.records` judges it.
# ImageNet weights tell goods apart far better than the base checkpoint, which knows drawn creatures:
# those of ../shared where it is there, else what Keras has or can download, else the base.
IMAGENET = $(wildcard $(SHARED)/weights/mobilenetv2_imagenet_notop.weights.h5)
GOODS = $(BIN)/pairdex --home $(DEMO)/goods-home --set training.product=product \
  --set training.product_kind=category \
  $(if $(IMAGENET),--set encoder.backbone=mobilenetv2 --set encoder.weights=$(IMAGENET))
# From the base it takes longer: nine minutes instead of three.
GOODS_EPOCHS = $(if $(IMAGENET),12,30 --set training.finetune_learning_rate=0.001)
demo-goods: .venv/installed
	$(GOODS) catalog demo --kind goods --out $(DEMO)/goods
	$(GOODS) catalog import $(DEMO)/goods/catalog.csv
	$(GOODS) catalog link promotions $(DEMO)/goods/promotions.csv --on product
	$(GOODS) catalog link stores $(DEMO)/goods/stores.csv
	@test -e $(DEMO)/goods-home/recogniser/product.json \
	  || { echo 'learning the goods the first time: some minutes on 2 cores'; \
	       $(GOODS) --set encoder.image_size=192 --set training.finetune_epochs=$(GOODS_EPOCHS) \
	         train --products --finetune; }
	$(GOODS) tag $(DEMO)/goods/unseen/g0001-0.jpg $(DEMO)/goods/unseen/g0008-1.jpg \
	  $(DEMO)/goods/unseen/x0042-0.jpg --record --near 37.5665,126.9780 --within 5km
	$(BIN)/python -m benchmarks.records $(DEMO)/goods-home $(DEMO)/goods

# The page is tried in a real browser; where none can be had, those tests are skipped and say so.
BROWSERS = chromium chromium-browser google-chrome google-chrome-stable
browser:
	@for name in $(BROWSERS); do command -v $$name >/dev/null && exit 0; done; \
	  echo 'installing chromium for the tests of the page, once'; \
	  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
	    apt-get install -y -qq --no-install-recommends chromium; } >/dev/null 2>&1 \
	  || echo 'chromium could not be installed: the tests of the page will be skipped'

test: .venv/installed browser
	$(BIN)/python -m pytest -q -n auto --dist loadfile --no-loadscope-reorder -m 'not long'

test-long: .venv/installed
	$(BIN)/python -m pytest -q -m long

lint: .venv/installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy .

format: .venv/installed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: .venv/installed
	@test -e $(DEMO)/home/generations/CURRENT || $(MAKE) demo
	$(BIN)/python -m benchmarks.start_up $(DEMO)/home --items 100000
	$(BIN)/python -m benchmarks.throughput $(DEMO)/home
	$(BIN)/python -m benchmarks.decoding $(DEMO)/home
	$(BIN)/python -m benchmarks.scale 1000 10000 --home $(DEMO)/home
	$(BIN)/python -m benchmarks.kills 50 $(DEMO)/home
	$(BIN)/python -m benchmarks.tagging $(DEMO)/home --images 1000
	$(BIN)/python -m benchmarks.vectors --name vectors 10000 100000
	$(BIN)/python -m benchmarks.publishes --items 20000
	@$(MAKE) --no-print-directory browser
	$(BIN)/python -m benchmarks.page $(DEMO)/home

# Where ../shared lies beside the checkout, the base learns from its photographs too.
SHARED ?= ../shared
BASE := $(BIN)/pairdex --home var/base/home
base: .venv/installed
	$(BIN)/python -m training.base --work var/base \
	  $(if $(wildcard $(SHARED)/data),--photos $(SHARED)/data/imagenet_sample \
	    $(SHARED)/data/grocery/images/train) \
	  $(if $(wildcard $(SHARED)/weights),--teacher \
	    $(SHARED)/weights/mobilenetv2_imagenet_notop.weights.h5)
	$(BIN)/pairdex catalog demo --items 3000 --seed 1000003 --out var/base/catalog
	$(BASE) catalog import var/base/catalog/catalog.csv
	$(BASE) --set encoder.weights=var/base/backbone.npz --set training.epochs=20 train
	$(BIN)/python -m training.shipped pack var/base/home

docs: .venv/installed
	$(BIN)/typer cli.py utils docs --name pairdex --title Commands --output docs/commands.md

# Pins every dependency for all platforms; no address of any registry gets into the file.
lock:
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 \
	  --no-emit-index-url --no-header --upgrade --quiet -o requirements.lock

clean:
	rm -rf .venv var $(DEMO) build dist
