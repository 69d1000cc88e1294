"""Does this sentence ask for the cancellation of the contract? The rules, applied with their hedges."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from cancellation.understanding import rules
from cancellation.understanding.rules import Force, Rule
from cancellation.understanding.sentences import Sentence
from cancellation.understanding.thing import OTHER_THING_NAMED, WHOLE_NAMED, Thing, named_after, thing_after
from cancellation.understanding.vocabulary import MENTION


class Verdict(StrEnum):
    """What one sentence, or one act in it, comes to."""

    REQUEST = "request"
    UNNAMED = "unnamed"
    """A request that names nothing: the rest of the text says what is meant."""
    DOUBT = "doubt"
    NOT = "not"
    """Speaks of cancelling without asking for it (question, threat, another thing)."""
    CONTRARY = "contrary"
    HEADING = "heading"
    MENTION = "mention"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found in one sentence.

    Attributes:
        verdict: What it comes to.
        rule: The rule that says so.
        sentence: Where.
        start: Where the act begins in the sentence.
        end: Where it ends.
        weak: Whether the act alone ("encerrar") does not even say that a contract is meant.
    """

    verdict: Verdict
    rule: Rule
    sentence: Sentence
    start: int = 0
    end: int = 0
    weak: bool = False


def _said(name: str, says: str) -> Rule:
    return Rule(name, says, re.compile(r"(?!)"))


DOUBLE_NEGATIVE = _said("dupla_negacao", "Há negação que não se entende com segurança.")
PART_ONLY = _said(
    "so_uma_parte", "Fala-se de cancelar só uma parte (ramal, módulo, licença), não o contrato."
)
PERHAPS_PART = _said(
    "talvez_uma_parte", "Não se sabe se é o contrato todo ou só uma linha, número ou unidade."
)
ANOTHER_THING = _said(
    "outra_coisa", "O que se quer cancelar é outra coisa (boleto, pedido, visita…), não o contrato."
)
UNKNOWN_THING = _said("objeto_desconhecido", "Não se entende com segurança o que deve ser cancelado.")
POLITE_QUESTION = _said("pedido_em_pergunta", "Pode ser um pedido educado ou uma pergunta.")
PRICE_FIRST = _said("pergunta_o_custo", "Quer saber antes quanto custa.")
SOMEBODY_ELSES_WORDS = _said(
    "palavras_citadas", "O pedido aparece como citação ou modelo, não como palavra de quem escreve."
)
NOT_YET = _said("mas_ou", "O pedido vem seguido de uma ressalva ou alternativa.")
UNEXPLAINED = _said("mencao", "Fala-se de cancelamento sem que se entenda com segurança o que se pede.")

_NEGATED = re.compile(
    r"\b(?:nao|nunca|jamais|nem|tampouco)(?: (?:eu|nos|a gente|e|que|mais|lhes|te|me|se|estou|estamos|"
    r"vou|vamos|iria))*$"
)
_NEGATION_TWICE = re.compile(
    r"\b(?:(?:ha como|tem como|posso|podemos|da para|da pra) nao \w+|nao (?:deixem?|deixar|esquecam?|"
    r"esquecer|hesitem) de|sem deixar de|nao e que (?:\w+ )?nao)\b"
)
_FIRMLY_NOT = re.compile(
    r"\b(?:de (?:jeito|modo|forma|maneira) (?:nenhum|alguma?|nenhuma)|em hipotese alguma|longe de mim|"
    r"evitar)\b[ ,]*$"
)
_CLAUSE_ENDS = re.compile(
    r"$|[,;:.)]| (?:e|pois|porque|por|devido|com voces|a partir|tendo|ja que|uma vez|visto|em virtude|"
    r"em razao|desde)\b"
)
# What "desligar", "terminar" and the like end for good; a central or a system is also switched off for a
# night.
_ENDED_BY_ANY_WORD = re.compile(
    r"contrat|servic|assinatura|conta|parceria|tudo|vinculo|relac|prestac|acordo|nuvem|linha|telefonia|"
    r"pabx|plano|produto|fornec"
)
_SOMEBODY_SAYS = re.compile(
    r"\b(?:diz|dizer|dizendo|diga|escrever|escrevo|modelo|texto|frase|disse|assim:)(?!\w)[^,]{0,30}$|"
    r"_{3,}|\bx{4,}"
)
_AS_TOLD = re.compile(
    r"\b(?:conforme|segundo|apos|seguindo|como|de acordo com)(?: \w+){0,2} (?:orientac\w+|informac\w+|"
    r"esclarec\w+|detalhes)"
)
_BUT = re.compile(r"\b(?:mas|porem|so que|entretanto|contudo|todavia)\b(?P<then>.*)")
_BUT_NOT_NOW = re.compile(
    r"\b(?:resolv\w+|antes|desist\w+|pens\w+|esper\w+|talvez|se|ainda|duvida|primeiro|proposta|"
    r"desconto|negoci\w+|nao quero|depois|convers\w+)\b"
)
_OR_SOMETHING = re.compile(
    r"^.{0,40}\bou (?!(?:entao )?(?:rescindir|encerrar|rescisao|encerramento|distrato)\b)(?:\w+ "
    r"){0,3}?\w+r\b|^[^,]{0,20}\bou (?:\w+ )?\w+(?:e|em)\b"
)
_OWN_CONSEQUENCE = re.compile(
    r"^[^,]{0,80}(?:,|(?=(?: por)? favor| peco| pedimos)) (?:por favor|favor|peco|pedimos|solicit|"
    r"inform|envi|gentileza|me |nos |entrem|"
    r"entrar|estou|estamos|podem|fico|ficamos|avis|mand|gostaria|que |retorn|confirm|lig|desconsider|"
    r"emit|esta|conto)"
)
_HARMLESS_CONDITION = re.compile(
    r"\b(?:se|caso) (?:houver|haja|existir|existam|exista|ainda|necessit|precis|queir|restar?|sobr|"
    r"tiver(?:em)? (?:\w+ )?(?:duvida|pendencia|pergunta|debito))"
)
_POLITE_CONDITION_BEFORE_DEMAND = re.compile(r"^(?:pode|podem|poderia|poderiam)$")
_PLEASE = re.compile(r"\b(?:por favor|por gentileza|favor|gentileza)\b")
_TEMPORAL_SUBJECT = re.compile(r"\bque (?:[oa]s? )?(?:\w+ )?$")


def findings(sentence: Sentence) -> list[Finding]:
    """Find what one sentence says about cancelling.

    Args:
        sentence: One sentence in plain form.

    Returns:
        Nothing when it does not speak of cancelling; else at least one finding.
    """
    text = sentence.text
    found = [
        Finding(Verdict.CONTRARY, rule, sentence, match.start(), match.end())
        for rule in rules.CONTRARY
        if (match := rule.search(text)) and _really_contrary(rule, text, match.start())
    ]
    for rule in rules.REQUESTS:
        for match in rule.pattern.finditer(text):
            if any(_overlap(match, other) for other in found):
                continue
            finding = _judged(sentence, rule, match)
            if finding is not None:
                found.append(finding)
    if not found or all(f.verdict is Verdict.CONTRARY and f.rule.name == "mudou_de_ideia" for f in found):
        found.extend(_without_request(sentence))
    return found


def _really_contrary(rule: Rule, text: str, start: int) -> bool:
    if _NEGATION_TWICE.search(text):
        return False
    if rule.name in ("nao_concordo", "nao_pedi"):
        return re.search(MENTION, text) is not None
    if rule.name == "mudou_de_ideia":
        return re.search(r"\b(?:nao|nem|sem|nunca)\b[^,.]{0,40}$", text[:start]) is None
    return True


def _overlap(match: re.Match[str], other: Finding) -> bool:
    return match.start() < other.end and other.start < match.end()


def _judged(sentence: Sentence, rule: Rule, match: re.Match[str]) -> Finding | None:
    text = sentence.text
    before, after = text[: match.start()].rstrip(" ,"), text[match.end() :]
    groups = match.groupdict()
    served = groups.get("served")
    noun = groups.get("sure_noun") or groups.get("named_noun")
    if noun and _TEMPORAL_SUBJECT.search(text[: match.start(_noun_group(groups))]):
        return None

    def finding(verdict: Verdict, because: Rule = rule) -> Finding:
        return Finding(verdict, because, sentence, match.start(), match.end())

    if served == "" and not _CLAUSE_ENDS.match(after):
        return None
    thing, word = (
        (Thing.UNNAMED, "") if served == "" else named_after(f" {served.strip()}{after}" if served else after)
    )
    if groups.get("only_whole") is not None and thing is not Thing.WHOLE:
        return None
    if groups.get("named") or groups.get("named_too"):
        if thing in (Thing.UNKNOWN, Thing.OTHER):
            return finding(Verdict.NOT, ANOTHER_THING) if re.search(MENTION, match.group()) else None
        if thing is Thing.UNNAMED:
            return (
                Finding(Verdict.UNNAMED, rule, sentence, match.start(), match.end(), weak=True)
                if "encerr" in match.group()
                else None
            )
        if thing is Thing.WHOLE and not _ENDED_BY_ANY_WORD.match(word) and "encerr" not in match.group():
            return finding(Verdict.DOUBT, UNKNOWN_THING)
    if served is None and _NEGATED.search(text[: match.start()].rstrip(" ")):
        return finding(Verdict.CONTRARY, rules.CONTRARY[0])
    if thing is Thing.OTHER:
        return finding(Verdict.NOT, ANOTHER_THING)
    if thing is Thing.PART:
        return finding(Verdict.NOT, PART_ONLY)
    hedge = _hedge(sentence, rule, match, before, after)
    if hedge is not None:
        return finding(*hedge)
    its_own = noun and re.search(r"\b(?:seu|sua)$", text[: match.start(_noun_group(groups))].rstrip())
    if thing is Thing.UNNAMED and its_own and not WHOLE_NAMED.search(before):
        return finding(Verdict.DOUBT, UNKNOWN_THING)
    if thing is Thing.PERHAPS_WHOLE:
        return finding(Verdict.DOUBT, PERHAPS_PART)
    if thing is Thing.UNKNOWN:
        return finding(Verdict.DOUBT, UNKNOWN_THING)
    return finding(Verdict.REQUEST if thing is Thing.WHOLE or served == "" else Verdict.UNNAMED)


def _noun_group(groups: dict[str, str | None]) -> str | int:
    return next((name for name in ("sure_noun", "named_noun") if groups.get(name)), 0)


def _hedge(
    sentence: Sentence, rule: Rule, match: re.Match[str], before: str, after: str
) -> tuple[Verdict, Rule] | None:
    text = sentence.text
    if _NEGATION_TWICE.search(text):
        return Verdict.DOUBT, DOUBLE_NEGATIVE
    if _FIRMLY_NOT.search(before):
        return Verdict.CONTRARY, rules.CONTRARY[0]
    if before.count('"') % 2 or _SOMEBODY_SAYS.search(before) or "___" in after:
        return Verdict.DOUBT, SOMEBODY_ELSES_WORDS
    if _or_but(rule, match, after):
        return Verdict.DOUBT, NOT_YET
    if rules.OR_ELSE.search(before + " " + match.group()):
        return Verdict.NOT, rules.OR_ELSE
    if _conditional(before, after):
        announced = rule.force is Force.INTENTION or re.search(
            r"\b(?:serei|seremos|vou|vamos|irei|terei|teremos)\b", text
        )
        return (Verdict.NOT if announced else Verdict.DOUBT), rules.CONDITION
    if rules.HEARSAY.search(before + " " + match.group().split(" ")[0]):
        return Verdict.DOUBT, rules.HEARSAY
    asked = _question(sentence, rule, before, after)
    if asked is not None:
        return asked
    if rules.THINKING.search(before) or (rules.THINKING.search(after) and rule.force is not Force.DEMAND):
        return Verdict.NOT, rules.THINKING
    if rule.force is Force.INTENTION and rules.LATER.search(text):
        return Verdict.DOUBT, rules.LATER
    if re.search(r"\bja$|\bquando$|\bdesde que$", before) and re.match(r"\w+mos\b", match.group()):
        return Verdict.DOUBT, rules.REPORTED_PAST
    if re.match(
        r"(?:pedindo|solicitando|formalizando|reiterando)\b", match.group()
    ) and rules.REPORTED_PAST.search(before):
        return Verdict.DOUBT, rules.REPORTED_PAST
    if rules.PAST_TIME.search(after) and re.match(
        r"(?:solicitamos|pedimos|resolvemos|comunicamos|informamos)\b", match.group()
    ):
        return Verdict.DOUBT, rules.REPORTED_PAST
    if rules.THE_REST_STAYS.search(text):
        return Verdict.DOUBT, rules.THE_REST_STAYS
    if rules.CHANGE_OF_PLAN.search(after) or rules.CHANGE_OF_PLAN.search(before):
        return Verdict.DOUBT, rules.CHANGE_OF_PLAN
    return None


def _or_but(rule: Rule, match: re.Match[str], after: str) -> bool:
    """Tell whether a wish is followed by an alternative or a "but" that takes it back."""
    if rule.force is Force.DEMAND:
        return rule.name == "cancelem" and _OR_SOMETHING.search(after) is not None
    but = _BUT.search(after)
    if but and (
        re.match(r"(?:queria|gostaria|desejaria)", match.group()) or _BUT_NOT_NOW.search(but.group("then"))
    ):
        return True
    return _OR_SOMETHING.search(after) is not None or re.search(r"\bbrincadeira\b|\bkkk", after) is not None


def _conditional(before: str, after: str) -> bool:
    before = rules.POLITE_CONDITION.sub(" ", before)
    after = rules.POLITE_CONDITION.sub(" ", after)
    if rules.CONDITION.search(before) and not _HARMLESS_CONDITION.search(before[-1:]):
        return True
    following = rules.CONDITION.search(after)
    if following is None:
        return False
    condition = after[following.start() :].lstrip(" ,;:(")
    return not (_HARMLESS_CONDITION.search(condition) or _OWN_CONSEQUENCE.search(condition))


def _question(sentence: Sentence, rule: Rule, before: str, after: str) -> tuple[Verdict, Rule] | None:
    text = sentence.text
    asking_before = rules.QUESTION.search(_AS_TOLD.sub("", before)) if before else None
    cause_first = re.match(
        r"como (?:nao|o|a|os|as|voces|ja|estamos|nunca|ninguem|temos|tivemos|houve)\b", text
    )
    if asking_before and not cause_first:
        return Verdict.NOT, rules.QUESTION
    if rule.force is not Force.DEMAND and rules.PRICE_FIRST.search(after):
        return Verdict.DOUBT, PRICE_FIRST
    if not sentence.asks or rules.TAG_QUESTION.search(text):
        return None
    if rule.name in ("pode_cancelar", "providenciem_o_cancelamento", "favor_cancelar"):
        return None if _PLEASE.search(text) else (Verdict.DOUBT, POLITE_QUESTION)
    if rules.QUESTION.search(after.lstrip(" ,;e")) or re.search(r"[,;-] ?\w+", after):
        return None
    return Verdict.DOUBT, POLITE_QUESTION


def _without_request(sentence: Sentence) -> list[Finding]:
    text = sentence.text

    def one(verdict: Verdict, rule: Rule) -> list[Finding]:
        return [Finding(verdict, rule, sentence, 0, len(text))]

    if not re.search(MENTION, text):
        if rules.FOREIGN.search(text):
            return one(Verdict.DOUBT, rules.FOREIGN)
        if rules.LEAVING.search(text):
            return one(Verdict.DOUBT, rules.LEAVING)
        return []
    heading = rules.HEADING.search(text)
    if heading is not None:
        thing = thing_after(text[heading.end() :])
        if thing in (Thing.WHOLE, Thing.UNNAMED) and not sentence.asks:
            return one(Verdict.HEADING, rules.HEADING)
        return one(Verdict.NOT if thing in (Thing.OTHER, Thing.PART) else Verdict.DOUBT, ANOTHER_THING)
    if rules.FOREIGN.search(text):
        return one(Verdict.DOUBT, rules.FOREIGN)
    if _NEGATION_TWICE.search(text):
        return one(Verdict.DOUBT, DOUBLE_NEGATIVE)
    if rules.REPORTED_PAST.search(text) and not rules.QUESTION.search(text):
        return one(Verdict.DOUBT, rules.REPORTED_PAST)
    if re.match(
        r"(?:tem como|conseguem?|(?:voces |voce )?(?:podem?|poderiam?))(?: \w+){0,3} (?:cancelar|"
        r"encerrar|rescindir)\b",
        text,
    ):
        return one(Verdict.DOUBT, POLITE_QUESTION)
    if re.match(r"quando\b", text) and rules.STILL_WAITING.search(text):
        return one(Verdict.DOUBT, rules.STILL_WAITING)
    named = re.search(MENTION, text)
    assert named is not None
    after = thing_after(text[named.end() :])
    if after is Thing.OTHER:
        return one(Verdict.NOT, ANOTHER_THING)
    if after is Thing.PART:
        return one(Verdict.NOT, PART_ONLY)
    for rule in (rules.OR_ELSE, rules.THINKING):
        if rule.search(text):
            return one(Verdict.NOT, rule)
    if rules.QUESTION.search(text) or sentence.asks:
        return one(Verdict.NOT, rules.QUESTION)
    if rules.CONDITION.search(text):
        return one(Verdict.NOT, rules.CONDITION)
    if rules.HEARSAY.search(text):
        stranger = re.search(r"\bclient\w+|\bdel[ea]\b", text)
        return one(Verdict.NOT if stranger else Verdict.DOUBT, rules.HEARSAY)
    if rules.NEUTRAL.search(text):
        return one(Verdict.NOT, rules.NEUTRAL)
    if rules.STILL_WAITING.search(text):
        return one(Verdict.MENTION, rules.STILL_WAITING)
    if OTHER_THING_NAMED.search(text) and not re.search(r"\b(?:contrato|plano|servico)", text):
        return one(Verdict.MENTION, UNKNOWN_THING)
    return one(Verdict.MENTION, UNEXPLAINED)
