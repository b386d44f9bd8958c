"""How much of a question the evidence speaks of."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rag.answering.corpus import Corpus
from rag.answering.coverage import Coverage, Features
from rag.answering.sufficiency import ENOUGH, probability
from rag.answering.tongues import Tongue
from tests.answering.planning import Library, evidence_of
from tests.fakes import ScriptedFinder, ScriptedScorer, make_document

PLANTS = make_document("plants", "芦荟的主要成份是蒽醌。\n仙人掌的主要特点是耐旱。\n苔藓的主要特点是喜阴。\n松树的主要特点是长寿。\n竹子的主要特点是中空。", "植物")


def features(question: str, pattern: str) -> Features:
    library = Library((PLANTS,))
    return Coverage(Corpus(library, library)).features(question, evidence_of(library, pattern))


def test_a_word_typed_with_a_homophone_counts_as_known_and_as_met() -> None:
    right, wrong = features("芦荟的主要成份", "芦荟"), features("芦荟的主要成分", "芦荟")
    assert right.unknown == wrong.unknown == 0.0
    assert wrong.passage == pytest.approx(1.0)


def test_a_word_that_only_part_of_the_documents_sounds_like_stays_unknown() -> None:
    assert features("芦荟的主要工序", "芦荟").unknown > 0
    assert features("芦荟的主要成分", "苔藓").unknown > 0  # no passage of the evidence has what was meant


def test_a_number_that_lies_in_a_range_of_a_passage_is_held() -> None:
    library = Library((make_document("premiums", "41-50周岁每年1183元。\n51-60周岁每年1831元。\n其他年龄面议。", "保费"),))
    coverage = Coverage(Corpus(library, library))
    asked, other = (coverage.features(question, evidence_of(library, "周岁")) for question in ("45岁保费", "75岁保费"))
    assert asked.unknown == 0.0 < other.unknown
    assert asked.passage > other.passage


def test_without_evidence_every_word_that_no_document_has_is_unknown() -> None:
    assert features("芦荟的主要成分", "郁金香").unknown > 0


def test_a_passage_stands_out_where_the_others_lack_the_words() -> None:
    about_one, about_all = features("芦荟的成份", "的"), features("主要特点", "特点")
    assert about_one.prominence > about_all.prominence == 0.0
    assert features("芦荟的成份", "芦荟").prominence == features("芦荟的成份", "芦荟").passage


def test_passages_in_another_language_need_no_words_of_the_question_but_its_numbers_and_a_passage_that_stands_out() -> None:
    met = Features(unknown=1.0, meaning=0.03, odds=-3.5, salience=1.0, tongue=Tongue.FOREIGN)
    assert probability(met) > ENOUGH > probability(replace(met, tongue=Tongue.CHINESE))
    assert probability(replace(met, names=0.0)) < ENOUGH
    assert probability(replace(met, odds=-5.3, salience=0.3)) < ENOUGH


def test_numbers_are_looked_for_in_any_language() -> None:
    for question, held in (("Who said so in 1987?", 0.0), ("Who said so?", 1.0)):
        found = features(question, "芦荟")
        assert (found.tongue, found.names) == (Tongue.FOREIGN, held)


def test_what_the_encoder_sees_come_near_counts_as_met_and_what_a_passage_holds_in_full() -> None:
    library = Library((PLANTS,))
    found = evidence_of(library, "芦荟")
    plain = Coverage(Corpus(library, library)).features("芦荟的成分表", found)
    near = Coverage(Corpus(library, library), ScriptedScorer(lambda _: 0.5)).features("芦荟蒽醌", found)
    assert plain.met == plain.passage < 1.0
    assert near.met == pytest.approx(1.0)


def test_colloquial_words_around_the_subject_do_not_make_it_unknown() -> None:
    assert features("芦荟到底咋样，给我讲讲它主要的成份呗", "芦荟").met > 0.6


def test_a_large_collection_asks_for_more_since_something_comes_near_by_chance() -> None:
    library = Library((PLANTS,))
    corpus = Corpus(library, library)
    found = evidence_of(library, "芦荟")
    assert Coverage(corpus).features("芦荟的成份", found).size == 0.0
    corpus.__dict__["chunks"] = 1000
    large = Coverage(corpus).features("芦荟的成份", found)
    assert large.size == pytest.approx(1.609, abs=0.001)
    corpus.__dict__["chunks"] = 10**6
    assert Coverage(corpus).features("芦荟的成份", found).size == 2.3
    assert probability(large) < probability(replace(large, size=0.0))


def test_of_the_passages_the_one_that_most_likely_answers_is_read() -> None:
    library = Library((PLANTS,))
    found = evidence_of(library, "主要特点")
    finder = ScriptedFinder(lambda text: 3.5 if "耐旱" in text else -2.0)
    read = Coverage(Corpus(library, library), finder=finder).features("仙人掌怕不怕缺水", found)
    assert (read.read, read.joint) == (3.5, True)
    plain = Coverage(Corpus(library, library)).features("仙人掌怕不怕缺水", found)
    assert (plain.read, plain.joint) == (0.0, False)


def test_a_misspelt_question_is_judged_without_the_reader() -> None:
    library = Library((PLANTS,))
    coverage = Coverage(Corpus(library, library), finder=ScriptedFinder(lambda _: -6.0))
    right, wrong = (coverage.features(question, evidence_of(library, "芦荟")) for question in ("芦荟的主要成份", "芦荟的主要成分"))
    assert (right.joint, wrong.joint) == (True, False)


@pytest.mark.parametrize("tongue", [Tongue.CHINESE, Tongue.ENGLISH])
def test_what_is_read_to_answer_suffices_sooner(tongue: Tongue) -> None:
    held = Features(passage=0.4, met=0.5, meaning=0.6, odds=0.5, salience=0.5, tongue=tongue, joint=True)
    values = [probability(replace(held, read=odds)) for odds in (-6.0, 0.0, 6.0)]
    assert values == sorted(values)
    assert values[0] < ENOUGH < values[2]


def test_between_languages_what_is_read_counts_nothing() -> None:
    held = Features(odds=-2.0, salience=0.5, tongue=Tongue.FOREIGN, joint=True)
    assert probability(replace(held, read=8.0)) == probability(replace(held, joint=False))
