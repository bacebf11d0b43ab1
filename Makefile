# Each target fetches what it needs and never uses sudo. PYTEST="-k leads" narrows a test run; SEED=7 repeats a drill.
.PHONY: help demo test drill audit bench browser
PYTEST =
SEED = default
RUN = tools/uv run --locked
# Where it is set every process compiles all modules anew: a second each, and the tests start hundreds.
unexport PYTHONDONTWRITEBYTECODE

help:
	@echo "make demo    the portal with sample agencies, properties and captured mail, at a printed address"
	@echo "make test    everything that must hold; a few minutes"
	@echo "make drill   the same promises at full size: kills, outages; SEED=n repeats one"
	@echo "make audit   visits and forms of real browsers, the Nu checker, pictures of pages and mails, spam, Lighthouse, headers"
	@echo "make bench   the pages against a plain-text route of the same server, the list against the same in Django"

demo:
	@$(RUN) --no-dev portal demo

test: browser
	@$(RUN) pytest -n auto --dist worksteal -m "not drill" $(PYTEST)

drill: browser
	@$(RUN) python -m tests.postfix
	@$(RUN) pytest -m drill -s --timeout=3600 --randomly-seed=$(SEED) $(PYTEST)

audit: browser
	@$(RUN) --group audit python -m audit

bench:
	@$(RUN) --group bench python -m bench

browser:
	@$(RUN) python -m tests.browsers
