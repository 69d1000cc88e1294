"""The learned judge: figures on writers that it has never seen, its file, and what it needs to run (P7, X14)."""

import re
import subprocess
import sys
import tomllib
from importlib.resources import files
from pathlib import Path

import pytest

from cancellation import understanding
from cancellation.understanding.evaluation import Score, read, score, summed, touches, upper_bound
from cancellation.understanding.features import look_at
from cancellation.understanding.judge import judge
from cancellation.understanding.model import Head, Model, model, packed, unpacked
from cancellation.understanding.rules import RULES, compiled
from cancellation.understanding.signs import rules_of
from training.corpus import HELD_OUT, STRANGERS, WRITERS, digest, hand

# A little looser than what `python -m benchmarks.understanding` prints; docs/reader.md says what is aimed at.
FALSE_UNSEEN, FALSE_LEFT_OUT = 0.009, 0.0065
COMPLETE_UNSEEN, COMPLETE_LEFT_OUT = 0.011, 0.005
RECALL, DENIED, LEFT = 0.51, 0.17, 0.235
REASONS, INVENTED_UNSEEN, INVENTED_LEFT_OUT = 0.3, 0.031, 0.014


@pytest.fixture(scope="module")
def unseen() -> Score:
    """Hands that neither weights nor thresholds have seen, read now."""
    return score([row for name in HELD_OUT for row in hand(name)])


@pytest.fixture(scope="module")
def left_out() -> Score:
    """Hands that the shipped weights know, as weights and thresholds read them that did not (`make reader`)."""
    return summed(Score(**model().figures[name], milliseconds=0) for name in WRITERS)


def test_weights_are_those_that_were_learned_from_what_is_committed() -> None:
    assert model().learned_from == digest(), "the corpus or what is looked at has changed: run `make reader`"
    assert set(model().figures) == {*WRITERS, "tables"}


@pytest.mark.long
def test_few_texts_of_unseen_writers_are_wrongly_taken_for_a_request_P7(
    unseen: Score, left_out: Score
) -> None:
    assert unseen.false / unseen.others <= FALSE_UNSEEN
    assert unseen.complete / unseen.texts <= COMPLETE_UNSEEN
    assert left_out.false / left_out.others <= FALSE_LEFT_OUT
    assert left_out.complete / left_out.texts <= COMPLETE_LEFT_OUT


@pytest.mark.rest
def test_requests_of_unseen_writers_are_found_P7(unseen: Score, left_out: Score) -> None:
    for one in (unseen, left_out):
        assert one.found / one.asked >= RECALL
        assert one.denied / one.asked <= DENIED
        assert one.left / one.texts <= LEFT


@pytest.mark.rest
def test_reasons_of_unseen_writers_are_found_and_seldom_invented_P7(unseen: Score, left_out: Score) -> None:
    for one in (unseen, left_out):
        assert one.reasons_found / one.reasons >= REASONS
    assert unseen.invented / unseen.texts <= INVENTED_UNSEEN
    assert left_out.invented / left_out.texts <= INVENTED_LEFT_OUT


@pytest.mark.rest
def test_a_text_is_read_within_the_time_that_a_person_would_not_notice(unseen: Score) -> None:
    assert unseen.milliseconds < 50


def test_held_out_hands_are_not_learned_from() -> None:
    assert not set(HELD_OUT) & set(WRITERS)
    learned = {row.body for name in WRITERS for row in hand(name)}
    assert not learned & {row.body for name in HELD_OUT for row in hand(name)}


def test_labels_are_words_of_their_text() -> None:
    for name in (*WRITERS, *HELD_OUT, *STRANGERS):
        for row in hand(name):
            assert (row.request is True) == bool(row.asking), row.id
            assert row.reason is None or row.reason in f"{row.subject}\n{row.body}", row.id


def test_weights_survive_their_file() -> None:
    shipped = model()
    again = unpacked(packed(shipped))
    assert (again.thresholds, again.whole, again.doubtful, again.reasoned) == (
        shipped.thresholds,
        shipped.whole,
        shipped.doubtful,
        shipped.reasoned,
    )
    places = [1, 77, 4_000, 200_000]
    for name, head in shipped.heads.items():
        assert again.heads[name].logit(places) == head.logit(places)


def test_file_that_is_no_weights_is_refused() -> None:
    short = packed(Model({name: Head([1], 1.0, 0.0) for name in model().heads}, {}, {}, {}, {}, "", {}))
    with pytest.raises(ValueError, match="places"):
        unpacked(short)


def test_reading_needs_no_library_of_the_training() -> None:
    code = (
        "import sys; from cancellation.understanding import understand_text; understand_text('', 'Cancelem.');"
        "print(*[m for m in sys.modules if m in ('sklearn', 'numpy', 'scipy', 'training')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_why_quotes_the_sentence_and_its_weight_X14() -> None:
    judged = judge("", "Bom dia. Solicito o cancelamento do contrato. Motivo: preço alto. Obrigada")
    assert judged.request is True
    assert judged.sentences[0] == "Solicito o cancelamento do contrato"
    assert any("Solicito o cancelamento do contrato" in line and "%" in line for line in judged.why)
    assert judged.reason is not None
    assert judged.reason.text == "preço alto"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Quero cancelar o contrato porque vou fechar a oficina.", "vou fechar a oficina"),
        ("Quero cancelar o contrato, pois não uso mais o telefone.", "não uso mais o telefone"),
        ("Quero cancelar o contrato. Vocês sempre foram atenciosos.", None),
        ("Solicito o cancelamento do contrato, pois quero cancelar o contrato.", None),
        ("Solicito o cancelamento do contrato. Não é por causa do preço.", None),
        ("Solicito o cancelamento do contrato. Motivo: ____", None),
        ("Solicito o cancelamento do contrato. Agradeço a atenção de todos.", None),
    ],
)
def test_reason_is_what_was_given_and_never_the_request_P7(text: str, reason: str | None) -> None:
    found = judge("", text).reason
    assert (found.text if found else None) == reason


@pytest.mark.parametrize(
    ("text", "effect"),
    [
        ("Não cancelem o contrato.", "denies"),
        ("Se não houver desconto, cancelem o contrato.", "conditions"),
        ("Como faço para cancelar o contrato?", "questions"),
        ("Cancelem o ramal 12.", "part"),
        ("Cancelem a nota fiscal.", "other"),
        ("Meu chefe disse que quer cancelar o contrato.", "quotes"),
        ("Estamos pensando em cancelar o contrato.", "thinks"),
        ("Cancelem o ramal, o resto continua.", "keeps"),
        ("Desconsiderem o pedido de cancelamento.", "takes_back"),
        ("Quero trocar de plano, cancelem o atual.", "swaps"),
    ],
)
def test_rules_object_where_a_person_would_P7(text: str, effect: str) -> None:
    judged = judge("", text)
    assert judged.request is not True
    assert effect in {rule.effect for rule in judged.objections}


@pytest.mark.parametrize(
    ("text", "automatic"),
    [
        ("Estou de férias até 20/01.", True),
        ("Estou de férias. Solicito o cancelamento do contrato.", False),
        ("Amanhã estarei fora do escritório. Solicito o cancelamento do contrato.", False),
        ("Esta é uma resposta automática. Solicito o cancelamento do contrato.", True),
        ("Resposta automática: estou de férias. Solicito o cancelamento do contrato.", True),
        ("Estou de férias. Esta é uma mensagem automática. Solicito o cancelamento do contrato.", True),
        ("Fora do escritório até 20/01. Solicito o cancelamento do contrato.", True),
    ],
)
def test_words_of_absence_take_nothing_from_a_request_and_those_of_a_machine_do_X15(
    text: str, automatic: bool
) -> None:
    judged = judge("", text)
    assert (judged.automatic, judged.request) == (automatic, not automatic)


def test_words_of_absence_keep_no_doubtful_text_from_a_person_X15() -> None:
    text = "Estou de férias. Se não houver desconto, cancelem o contrato."
    assert (judge("", text).automatic, judge("", text).request) == (False, "unsure")


@pytest.mark.long
def test_no_request_rests_on_one_judge_alone_X14() -> None:
    judged = [judge(row.subject, row.newest.text) for name in HELD_OUT for row in hand(name)]
    assert any(one.supported == "alone" and one.sure > 0.9 for one in judged)
    for one in judged:
        if one.request is True:
            assert one.supported in ("plain", "both")
            assert not one.objections


@pytest.mark.parametrize(
    ("text", "effect", "objects"),
    [
        ("Requisita-se a extinção do contrato.", "conditions", False),
        ("Requisita a extinção do contrato se o sinal cair.", "conditions", True),
        ("Não vamos renovar o contrato, cancelem.", "keeps", False),
        ("Vamos renovar o contrato, cancelem a visita.", "keeps", True),
        ("Cancelem a cobrança e cancelem o contrato.", "other", False),
        ("Cancelem a cobrança do contrato.", "other", True),
        ("Manifestamos a intenção de rescindir o contrato.", "thinks", False),
        ("Temos a intenção de rescindir o contrato.", "thinks", True),
    ],
)
def test_objection_is_excused_only_where_the_words_say_so_P7(text: str, effect: str, objects: bool) -> None:
    [said] = look_at("", text).said
    assert (effect in {rule.effect for rule in rules_of(said)}) is objects


def test_no_word_is_of_two_kinds() -> None:
    data = tomllib.loads((files(understanding) / "lexicon.toml").read_text("utf-8"))
    listed = [word for words in data["words"].values() for word in words.split()]
    assert sorted(listed) == sorted(set(listed))


def test_words_that_mean_something_together_stand_as_one_P7() -> None:
    [said] = look_at("", "Pode passar a régua e dar um fim no contrato").said
    assert [pair for pair in zip(said.tokens, said.kinds, strict=True) if "-" in pair[0]] == [
        ("passar-a-regua", "end2.inf"),
        ("dar-um-fim", "end2.inf"),
    ]


@pytest.mark.parametrize(
    ("form", "asks"),
    [
        ("( ) manter o contrato\n(x) encerrar o contrato", True),
        ("(x) manter o contrato\n( ) encerrar o contrato", False),
        ("[X] manter [ ] reduzir [ ] encerrar o contrato", False),
    ],
)
def test_of_a_form_only_what_was_ticked_is_read_P7(form: str, asks: bool) -> None:
    read = " ".join(token for said in look_at("", form).said for token in said.tokens)
    assert ("encerrar" in read) is asks
    assert ("manter" in read) is not asks


def test_patterns_are_read_word_by_word() -> None:
    pattern = re.compile(compiled("^ nao|nunca ..2 <end.inf>"))
    assert pattern.search(" nao/not quero/want cancelar/end1.inf ")
    assert not pattern.search(" nao/not ,/ cancelar/end1.inf ")
    assert not pattern.search(" nao/not cancelei/end1.past ")
    assert len({rule.name for rule in RULES}) == len(RULES)


def test_reason_that_was_read_must_share_the_labelled_words() -> None:
    assert touches("preço alto", "o preço alto da mensalidade")
    assert touches("mudança de estatuto da universidade, que agora o proíbe a nós", "a mudança de estatuto")
    assert not touches("preço alto", "obrigada pela atenção")
    assert not touches(None, "preço")


def test_bound_is_that_of_clopper_and_pearson() -> None:
    assert upper_bound(0, 299) == pytest.approx(0.00997, abs=1e-4)
    assert upper_bound(4, 989) == pytest.approx(0.0092, abs=2e-4)


def test_unreadable_labels_are_named() -> None:
    with pytest.raises(ValueError, match="line 2"):
        read(['{"id": "a", "body": "oi", "explicit_request": false}', '{"id": "b", "body": "oi"}'])


def test_no_corpus_file_is_large() -> None:
    folder = Path(__file__).parents[3] / "training"
    assert all(path.stat().st_size < 1_000_000 for path in folder.rglob("*") if path.is_file())
