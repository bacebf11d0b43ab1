"""The corpus through form and screening: what each case came to, counted. For tests and drills alike."""

from collections import Counter, defaultdict
from collections.abc import Iterable

from portal.enquiries import screening
from portal.enquiries.screening import Thresholds, Verdict
from portal.enquiries.signals import Earlier, Signals
from portal.settings import Settings
from portal.web import forms, typed
from tests import corpus
from tests.corpus import Case

DEFAULT = Settings.model_fields
THRESHOLDS = Thresholds(DEFAULT["screening_held"].default, DEFAULT["screening_spam"].default)
OUTCOMES = ("forward", "held", "spam")


def signals(case: Case) -> Signals:
    """What the screening would see of a case: the fields as the form cleans them, the headers as they came."""
    form = forms.sent(case.posted(), case.locale)
    assert form.validate(), (case.id, form.errors)
    professional = form.professional.data == "yes"
    return Signals(
        name=form.name.data, email=typed.email(form.email.data) or "",
        company=form.company.data if professional else "", phone=form.phone.data, words=form.words.data,
        locale=case.locale, answer_locale=form.language.data, professional=professional,
        trap=typed.line(case.fields["trap"]), earlier=Earlier(**case.earlier),
        headers=tuple((name, value.partition("?")[0] if name == "referer" else value) for name, value in case.headers),
    )  # fmt: skip


def verdicts(held_out: bool) -> list[tuple[Case, Verdict]]:
    """Each case of one part of the corpus with its verdict, at the thresholds that are set where nobody sets any."""
    part = (case for case in corpus.cases() if case.held_out is held_out)
    return [(case, screening.screen(signals(case), THRESHOLDS)) for case in part]


def shares(judged: Iterable[tuple[Case, Verdict]]) -> dict[str, float]:
    """The three figures promised: of the honest, the shares held and taken for spam; of spam, that forwarded."""
    counts = Counter((case.honest, verdict.outcome) for case, verdict in judged)
    honest, spam = (sum(counts[truth, outcome] for outcome in OUTCOMES) for truth in (True, False))
    return {
        "honest_held": counts[True, "held"] / honest,
        "honest_spam": counts[True, "spam"] / honest,
        "spam_forwarded": counts[False, "forward"] / spam,
    }


def tables(judged: list[tuple[Case, Verdict]]) -> Iterable[str]:
    """The lines of the report: outcomes by truth, by kind of case, and how often each reason was given to whom."""
    yield f"{'':24}{'forward':>9}{'held':>9}{'spam':>9}"
    kinds: defaultdict[str, Counter[str]] = defaultdict(Counter)
    reasons: defaultdict[str, Counter[bool]] = defaultdict(Counter)
    for case, verdict in judged:
        truth = "honest" if case.honest else "spam"
        kinds[f"all {truth}"][verdict.outcome] += 1
        kinds[f"{truth}: {case.kind}"][verdict.outcome] += 1
        for reason in verdict.reasons:
            reasons[reason.code][case.honest] += 1
    for kind, counts in sorted(kinds.items(), key=lambda item: (not item[0].startswith("all"), item[0])):
        yield f"{kind:24}" + "".join(f"{counts[outcome]:9}" for outcome in OUTCOMES)
    yield f"{'reason':24}{'honest':>9}{'spam':>9}"
    for code, by_truth in sorted(reasons.items()):
        yield f"{code:24}{by_truth[True]:9}{by_truth[False]:9}"
    yield ", ".join(f"{name} {share:.1%}" for name, share in shares(judged).items())
