# Les gestes de la maison. « make » seul les liste.
# Il suffit de python3 (3.11 ou plus), git et make ; rien n'est installé hors de .venv/ (sauf python3-venv s'il manque).

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# Ni question, ni configuration propre au poste : la même installation partout.
PIP    := $(BIN)/python -m pip --disable-pip-version-check --no-input --quiet

.DEFAULT_GOAL := help
.PHONY: help install dev demo test pair pair-node pdf soak lint format mypy bench bench-quick clean

help: ## Liste les gestes
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /|/' | awk -F'|' '{ printf "  make %-12s %s\n", $$1, $$2 }'

install: $(VENV)/.installe ## Prépare .venv/ et la commande .venv/bin/paie
	@echo "Prêt. La commande est .venv/bin/paie ; pour voir un mois entier : make demo"

dev: $(VENV)/.developpement ## Ajoute de quoi essayer et vérifier le code

demo: $(VENV)/.installe ## Joue un mois entier pour sept adhérents fictifs, sous var/demo/
	@$(BIN)/paie demo

test: $(VENV)/.developpement ## Passe tous les essais
	@$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder

soak: $(VENV)/.developpement ## Les épreuves en long : couper à chaque écriture, abîmer cent mille fichiers (des heures)
	@$(BIN)/python -m pytest --endurance tests/pannes tests/month/test_pannes.py tests/month/test_mois_de_revision.py

pair-node: $(VENV)/bench-node/.installe ## Pose publicodes et le modèle social à part : les mesures s'y comparent

pair: $(VENV)/pair/.installe ## Pose OpenFisca-France à part : les essais de comparaison s'en servent

pdf: $(VENV)/bench/.installe ## Pose à part ReportLab, WeasyPrint et Typst : les mesures du bulletin s'y comparent

lint: $(VENV)/.developpement ## Vérifie le style du code et des données
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@git ls-files -z '*.yaml' '*.yml' .yamllint | xargs -0 $(BIN)/yamllint --strict

format: $(VENV)/.developpement ## Met le code en forme
	@$(BIN)/ruff format .

mypy: $(VENV)/.developpement ## Vérifie les types
	@$(BIN)/mypy

bench: $(VENV)/.installe $(VENV)/bench/.installe $(VENV)/pair/.installe $(VENV)/bench-node/.installe ## Mesure le calcul, le rendu et la DSN ; écrit var/bench.json
	@$(BIN)/python -m bench

bench-quick: $(VENV)/.installe $(VENV)/bench/.installe $(VENV)/pair/.installe $(VENV)/bench-node/.installe ## La même chose, en court
	@$(BIN)/python -m bench --quick

clean: ## Efface ce qui se refait (ni .venv/, ni var/)
	@rm -rf build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info
	@find . -name __pycache__ -type d -not -path './$(VENV)/*' -prune -exec rm -rf {} +

# Le verrou d'essai contient celui d'exécution, aux mêmes versions : il pose les deux témoins.
$(VENV)/.installe: requirements.lock pyproject.toml | $(BIN)/pip
	@echo "Installation des bibliothèques dans $(VENV)/ (une à deux minutes)…"
	@$(PIP) install --require-hashes --only-binary :all: -r requirements.lock -c requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --no-index -e .
	@touch $@

$(VENV)/.developpement: requirements.lock requirements-dev.lock pyproject.toml | $(BIN)/pip
	@echo "Installation des bibliothèques et des outils d'essai dans $(VENV)/ (deux à trois minutes)…"
	@$(PIP) install --require-hashes --use-pep517 -r requirements-dev.lock -c requirements-dev.lock  # odfpy n'existe qu'en source : pas d'--only-binary ici
	@$(PIP) install --no-deps --no-build-isolation --no-index -e .
	@touch $(VENV)/.installe $@

# OpenFisca borne numpy plus bas que notre verrou : il a le sien, dans un environnement à lui.
$(VENV)/pair/.installe: requirements-peer.lock | $(BIN)/pip
	@echo "Installation d'OpenFisca-France dans $(VENV)/pair/ (une minute)…"
	@sh .ci/venv "$(PYTHON)" "$(VENV)/pair"
	@$(VENV)/pair/bin/python -m pip --disable-pip-version-check --no-input --quiet install --require-hashes --only-binary :all: -r requirements-peer.lock
	@touch $@

$(VENV)/bench/.installe: requirements-bench.lock | $(BIN)/pip
	@echo "Installation des autres faiseurs de PDF dans $(VENV)/bench/ (une demi-minute)…"
	@sh .ci/venv "$(PYTHON)" "$(VENV)/bench"
	@$(VENV)/bench/bin/python -m pip --disable-pip-version-check --no-input --quiet install --require-hashes --only-binary :all: -r requirements-bench.lock
	@touch $@

# Sans node, la mesure le dit et les autres se font.
$(VENV)/bench-node/.installe: bench/publicodes/package-lock.json bench/publicodes/mesure.mjs
	@mkdir -p $(VENV)/bench-node
	@cp bench/publicodes/package.json bench/publicodes/package-lock.json bench/publicodes/mesure.mjs $(VENV)/bench-node/
	@if command -v npm >/dev/null; then \
		cd $(VENV)/bench-node && npm ci --ignore-scripts --no-audit --no-fund --silent && touch .installe; \
	else echo "npm manque : publicodes ne sera pas mesuré."; fi

$(BIN)/pip:
	@sh .ci/venv "$(PYTHON)" "$(VENV)"
