"""What counts as asking for the cancellation, and what takes it back, hedges it or aims at something else.

This is the one place to read when somebody asks why a text was understood as it was: every rule has a
sentence in Portuguese (`says`), which is what `why` reports. Patterns are matched against the plain form
of one sentence (`normalise.fold`: lower case, no accents, single blanks).

The design is *allow-listed*: a request is a verb of asking, then only words known to be harmless
(`BETWEEN`), then an act of ending, then the contract as a whole or nothing at all. Whatever does not fit
is not a request; if it still speaks of cancelling and no rule explains it away, the text is left to a
person.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from cancellation.understanding import vocabulary as words
from cancellation.understanding.vocabulary import any_of


class Force(StrEnum):
    """How plainly a request is put."""

    DEMAND = "demand"
    """"Solicito", "peço", "favor cancelar", "cancelem"."""
    WISH = "wish"
    """"Quero", "gostaria", "preciso"."""
    INTENTION = "intention"
    """"Vou cancelar": the same as a wish as long as nothing hedges it."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One named pattern.

    Attributes:
        name: Stable code, for tests and statistics.
        says: What an operator reads.
        pattern: Matched against one plain sentence.
        force: For requests only.
    """

    name: str
    says: str
    pattern: re.Pattern[str]
    force: Force = Force.DEMAND

    def search(self, text: str) -> re.Match[str] | None:
        """Find the rule in one plain sentence."""
        return self.pattern.search(text)


def _rule(name: str, says: str, pattern: str, force: Force = Force.DEMAND) -> Rule:
    return Rule(name, says, re.compile(pattern), force)


_BETWEEN = rf"(?P<gap>(?:[ ,]+{any_of(words.BETWEEN)}(?!\w)){{0,14}}?)[ ,]+"
_INFINITIVE = (
    rf"(?:(?P<sure>{any_of(words.SURE_INFINITIVE)})|(?P<named>{any_of(words.NAMED_INFINITIVE)}))(?!\w)("
    rf"?:-se\b)?"
)
_ACT = (
    rf"(?:(?P<sure>{any_of(words.SURE_INFINITIVE, words.SURE_SUBJUNCTIVE, words.SURE_PARTICIPLE)}|"
    rf"(?:cancel|rescind|encerr)(?:assem|asse|issem)|cancela(?= (?:o|a|os|meu|minha|nosso|nossa|tudo) "
    rf")|(?P<sure_noun>{any_of(words.SURE_NOUN)}))|"
    rf"(?P<named>{any_of(words.NAMED_INFINITIVE, words.NAMED_SUBJUNCTIVE, words.NAMED_PARTICIPLE)}|"
    rf"(?P<named_noun>{any_of(words.NAMED_NOUN)})))(?!\w)"
)
_NOUN = rf"(?:(?P<sure>{any_of(words.SURE_NOUN)})|(?P<named>{any_of(words.NAMED_NOUN)}))(?!\w)"
_PROCESS = (
    r"(?:proced(?:er|am|a|ao)|prossig(?:am|a)|prosseguir|efetu(?:ar|em|e)|efetiv(?:ar|em|e)|"
    r"realiz(?:ar|em|e)|fazer|faz|"
    r"facam|faca|process(?:ar|em|e)|provid?enci(?:ar|em|e)|inici(?:ar|em|e)|solicitar|registr(?:ar|em|e)|"
    r"execut(?:ar|em)|conclu(?:ir|am)|(?:dar|deem|de|da) (?:um )?(?:andamento|inicio|sequencia|"
    r"seguimento|entrada|"
    r"continuidade|prosseguimento|baixa))"
)
_PLEASE = r"(?:por favor|por gentileza|favor|gentileza|por obsequio|queiram|queira|encarecidamente)"
_OPENING = (
    r"(?:^|[,:!-] ?|\b(?:entao|portanto|logo|assim|por isso|sendo assim|desta forma|dessa forma|e|mas|"
    r"sim|ok|oi|ola|"
    r"bom dia|boa tarde|boa noite|gente|pessoal|amor de deus|voces|senhores|prezados) )"
)
_KEEP_GOING = (
    r"(?:continuar|prosseguir|seguir|permanecer|ficar|manter|utilizar|usar|usufruir|trabalhar|contar|"
    r"renovar nem manter|"
    r"dar (?:continuidade|sequencia|seguimento|prosseguimento)|continuidade|continuacao|permanencia|"
    r"manutencao|utilizacao|"
    r"uso|seguimento)"
)
_SERVED = (
    r"(?:contratos?|servicos?|planos?|assinatura|conta|pabx|telefonia|parceria|nuvem jti|nuvem|voces|"
    r"prestacao de "
    r"servicos?|sistema|plataforma|produto)"
)
_LITTLE = (
    r"(?: (?:mais|com|o|os|a|as|ao|aos|em|na|no|nos|nas|de|do|da|dos|das|seu|seus|esse|esses|este|"
    r"estes|essa|meu|"
)
_LITTLE += r"nosso|nossa|minha|nossos|presente|atual|junto|referido|um|nenhum)){0,5} "

REQUESTS: tuple[Rule, ...] = (
    _rule(
        "pedido_formal",
        "Há um pedido explícito na primeira pessoa (solicito, peço, venho formalizar, comunico…).",
        r"\b(?:solicit(?:o|amos|ando|a)|pe(?:co|dimos)|pedindo|requer(?:o|emos)|requeiro|exijo|"
        r"exigimos|formaliz(?:o|amos|"
        r"ando)|oficializ(?:o|amos)|reiter(?:o|amos|ando)|ratific(?:o|amos)|confirm(?:o|amos)|"
        r"autoriz(?:o|amos)|"
        r"comunic(?:o|amos)|notific(?:o|amos)|manifest(?:o|amos)|declar(?:o|amos)|determin(?:o|amos)|"
        r"inform(?:o|amos)|"
        r"venho|vim|vimos|viemos|vem|vengo|serve|servimo-nos|sirvo-me|segue|encaminho|encaminhamos|envio|"
        r"enviamos|apresent"
        r"(?:o|amos)|registr(?:o|amos)|requisit(?:o|amos)|rog(?:o|amos)|demand(?:o|amos))(?!\w)"
        + _BETWEEN
        + _ACT,
    ),
    _rule(
        "pedido_que_o_cancelamento_seja_feito",
        "Pede-se que o cancelamento seja feito.",
        r"\b(?:solicit(?:o|amos)|pe(?:co|dimos)|requer(?:o|emos)|requeiro|exijo|exigimos|quero|"
        r"queremos|desej(?:o|amos)|"
        r"gostaria(?:mos)?|precis(?:o|amos))(?!\w)(?: de)? que [oa] "
        + _NOUN
        + r"(?= (?:(?:(?!nao )\w+ ){0,6})"
        r"(?:seja|ocorra|aconteca|se de|fosse|ocorresse)\b)",
    ),
    _rule(
        "decisao_tomada",
        "Comunica-se uma decisão já tomada de encerrar.",
        r"\b(?:decidi(?:mos|u)?|opt(?:ei|amos|ou)|resolv(?:i|emos|eu)|deliber(?:ou|amos)|tom(?:ei|amos|"
        r"ou)|cheg(?:uei|amos)|"
        r"definimos|escolhemos)(?!\w)(?: (?:por|pel[oa]|em|a|nao continuar e))?" + _BETWEEN + _ACT,
    ),
    _rule(
        "sem_alternativa",
        "Diz-se que não resta alternativa senão cancelar.",
        r"\b(?:nao (?:me|nos) rest(?:a|ou|am)|nao (?:vejo|vemos|tenho|temos)|so (?:me|nos) resta)(?: "
        r"mais)?(?: outr[oa]s?)?"
        r"(?: (?:alternativa|opcao|saida|escolha|caminho)s?)?(?: (?:a nao ser|senao|que nao|alem de|se nao))?"
        + _BETWEEN
        + _ACT,
    ),
    _rule(
        "favor_cancelar",
        "Pede-se por favor que o contrato seja cancelado.",
        rf"\b{_PLEASE}[ ,]+(?:(?:ja|que|voces|me|nos|pra mim|de|imediatamente|entao|logo) )*"
        rf"(?:(?:pode|podem|poderiam?|queiram?) )?(?:(?P<sure>"
        rf"{any_of(words.SURE_INFINITIVE, words.SURE_SUBJUNCTIVE)}|cancela)|(?P<named>"
        rf"{any_of(words.NAMED_INFINITIVE, words.NAMED_SUBJUNCTIVE)}|encerra))(?!\w)",
    ),
    _rule(
        "providenciem_o_cancelamento",
        "Manda-se fazer o cancelamento (providenciem, procedam, deem andamento…).",
        rf"(?:\b{_PLEASE}[ ,]+|\b(?:pode|podem|poderiam?)(?: ja| me| nos|,? por favor,?)? |"
        rf"{_OPENING}){_PROCESS}(?!\w)"
        rf"(?: (?:imediatamente|ja|hoje))?(?: (?:com|n?[oa]s?|ao|a|d[oa]|em|meu|nosso|nossa|minha|"
        rf"imediat[oa]|pedido de|"
        rf"processo de|solicitacao de|procedimento de))* {_NOUN}",
    ),
    _rule(
        "cancelem",
        "O verbo está no imperativo (cancelem, encerrem, cancela).",
        rf"{_OPENING}(?:(?:ja|logo|so|entao|me|por favor) )?(?:(?P<sure>cancela|cancele|cancelem|"
        rf"rescindam|cancelai)|"
        rf"(?P<named>encerra|encerre|encerrem|desativem|desliguem|finalizem))(?!\w)",
    ),
    _rule(
        "pode_cancelar",
        "Autoriza-se o cancelamento (pode cancelar).",
        rf"{_OPENING}(?:voces |vc |voce |ja |entao )*(?:pode|podem|podes|poderiam?)(?: ja|,? por "
        rf"favor,?|,? por gentileza,?| me| entao)*"
        rf" (?:mandar )?{_INFINITIVE}",
    ),
    _rule(
        "quero_cancelar",
        "Declara-se a vontade de cancelar (quero, gostaria, desejo, preciso).",
        r"\b(?:quero|queremos|queria(?:mos)?|gostaria(?:mos)?|desej(?:o|amos)|precis(?:o|amos)|"
        r"precisand[oa]|querendo|"
        r"necessit(?:o|amos)|tenho (?:que|de|interesse|intencao)|temos (?:que|de|interesse|intencao)|bora|"
        r"desejaria(?:mos)?)(?!\w)" + _BETWEEN + _ACT,
        Force.WISH,
    ),
    _rule(
        "vou_cancelar",
        "Anuncia-se que vai cancelar (vou cancelar, estamos encerrando).",
        r"\b(?:vou|vamos|irei|iremos|estou|estamos|to|tamo|pretendo|pretendemos)(?: (?:ter que|ter de|"
        r"ter|precisar|"
        r"querer|mesmo|ja|entao|infelizmente|precisando|precisar de|optar por|,))*"
        rf" (?:(?:(?P<sure>cancelando|rescindindo)|(?P<named>encerrando|finalizando|"
        rf"desativando))(?!\w)|"
        rf"{_INFINITIVE.replace('(?P<sure>', '(?:').replace('(?P<named>', '(?P<named_too>')})",
        Force.INTENTION,
    ),
    _rule(
        "nao_quero_mais_o_servico",
        "Diz-se que não se quer mais o serviço.",
        r"\b(?:nao|nem) (?:quero|queremos|desej(?:o|amos)|vou|vamos|irei|iremos|pretend(?:o|emos)|"
        r"gostaria(?:mos)? de|"
        rf"queria(?:mos)?)(?: mais)? {_KEEP_GOING}(?: mais)?{_LITTLE}(?P<served>{_SERVED})(?!\w)",
    ),
    _rule(
        "nao_quero_mais_o_servico",
        "Diz-se que não se quer mais o serviço.",
        r"\b(?:nao|nem) (?:quero|queremos|desej(?:o|amos)|queria) mais(?: (?:saber d[eoa]s?|ter|nada com))?"
        rf"{_LITTLE}(?P<served>{_SERVED})(?!\w)",
    ),
    _rule(
        "sem_interesse_em_continuar",
        "Diz-se que não há interesse em continuar.",
        r"\b(?:nao (?:ha|temos|tenho|existe|possuo|possuimos|tem)|sem)(?: mais)?(?: o| nenhum| "
        r"qualquer)? interesse"
        rf"(?: mais)?(?: (?:em|na|no|nos|nas|de|por|pel[oa]s?|com))(?: a| o)?(?: "
        rf"{_KEEP_GOING})(?P<served>(?:{_LITTLE}{_SERVED})?)(?!\w)",
    ),
    _rule(
        "sem_interesse_em_continuar",
        "Diz-se que não há interesse em continuar.",
        r"\b(?:nao (?:ha|temos|tenho|existe|possuimos))(?: mais)? interesse(?: mais)?(?: em| na| no| "
        r"nos| pel[oa]s?)"
        rf"(?P<served>{_LITTLE}(?:contrato|servicos?|plano|assinatura))(?!\w)",
    ),
    _rule(
        "desisto_do_servico",
        "Desiste-se do serviço.",
        r"\b(?:desist(?:o|imos)|abro mao|abrimos mao)(?P<served> d(?:[oa]s?|e)(?: (?:meu|nosso|seus?|"
        r"esse|este))?"
        r" (?:contrato|servicos?|plano|assinatura))(?!\w)",
    ),
    _rule(
        "cancelamento_por_favor",
        "Pede-se o cancelamento por favor.",
        rf"^{_NOUN}(?= d[oa]s? (?:\w+ )?(?:contrat|plano|servic|assinatura|conta))(?=.*\b(?:por favor|"
        rf"por gentileza)\b)",
    ),
    _rule(
        "entro_em_contato_para_cancelar",
        "Escreve-se para cancelar.",
        r"\b(?:entr(?:o|amos|ando) em contato|escrev(?:o|emos|endo)|manten(?:ho|emos)|mantemos)(?!\w)"
        + _BETWEEN
        + _ACT,
    ),
    _rule(
        "considerem_como_pedido",
        "Pede-se que a mensagem valha como pedido de cancelamento.",
        r"\b(?:consider(?:ar|em|e)|receb(?:am|er)|tom(?:em|ar))\b(?: [\w-]+){1,6}? (?:pedido|"
        r"solicitacao|notificacao|formalizacao)"
        rf"(?: formal| oficial)? (?:de|do|da) {_NOUN}",
    ),
    _rule(
        "pedido_em_lista",
        "O cancelamento do contrato é pedido junto com outra coisa.",
        r"\b(?:solicit(?:o|amos)|pe(?:co|dimos)|requer(?:o|emos)|requeiro)(?!\w)(?: (?!informac|sobre|"
        r"saber|duvida|orientac|como|"
        r"esclarec|suspens|revers|copia|valor|sem |se |caso |nao (?!continuidade|"
        r"renovacao))[\w-]+){1,8} e (?:o |a |o consequente |consequente )?"
        rf"(?P<only_whole>){_NOUN}",
    ),
    _rule(
        "fica_rescindido",
        "Declara-se o contrato rescindido (fica rescindido, dou por encerrado).",
        r"\b(?:fica|ficam|dou|damos)(?: \w+){0,6}? "
        rf"(?:(?P<sure>{any_of(words.SURE_PARTICIPLE)})|(?P<named>{any_of(words.NAMED_PARTICIPLE)}|"
        rf"denunciado))(?!\w)"
        r"(?= (?:o|a|os|nosso|nossa|meu|minha|este|presente) )",
    ),
    _rule(
        "contrato_sera_rescindido",
        "Comunica-se que o contrato será rescindido.",
        r"\b(?:comunic(?:o|amos)|notific(?:o|amos))\b[^.]{0,40}\bque\b[^.]{0,40}?"
        r"(?P<served> (?:o |nosso |meu |presente )+contrato)(?: \S+){0,4}? (?:sera|fica|ficara) "
        r"(?:cancelado|rescindido|encerrado|distratado)(?!\w)",
    ),
    _rule(
        "vou_prosseguir_com_o_cancelamento",
        "Anuncia-se que se vai prosseguir com o cancelamento.",
        rf"\b(?:vou|vamos|iremos|irei) {_PROCESS}(?: (?:com|ao|n?o|a|pedido de|processo de))* {_NOUN}",
        Force.INTENTION,
    ),
)

HEADING = _rule(
    "titulo_de_pedido",
    "O assunto (ou título) diz que é um pedido de cancelamento.",
    r"^(?:(?:urgente|importante|formal|ref\.?|assunto|carta de|carta)[ :-]*)*(?:(?:solicitacao|pedido|"
    r"requerimento|formalizacao|"
    r"notificacao|comunicado|comunicacao|carta|aviso|termo)(?: formal| oficial| extrajudicial)*(?: "
    r"d[eoa]| para(?: o)?))"
    rf" {_NOUN}",
)

# --- what takes a request back --------------------------------------------------------------------
_CANCEL_WORD = (
    r"(?:cancel\w+|rescis\w+|rescind\w+|encerr(?:ar|amento|em|e)\b|distrat\w+|deslig(?:ar|uem|"
    r"amento)\b|desativ\w+)"
)
CONTRARY: tuple[Rule, ...] = (
    _rule(
        "nao_quero_cancelar",
        "O texto diz que não se quer cancelar.",
        r"\b(?:nao|nunca|jamais|nem)(?: (?:eu|nos|a gente|mais|te|lhes?))* (?:quero|queremos|"
        r"queria(?:mos)?|desej(?:o|amos)|"
        r"vou|vamos|irei|iremos|pretend(?:o|emos|iamos)|gostaria(?:mos)?|precis(?:o|a|am|amos)|"
        r"pedi(?:mos)?|solicit(?:ei|"
        r"amos|ado|o)|autoriz(?:ei|o|amos)|requer(?:i|emos)|estou|estamos|tenho|temos|e|era|aceit(?:o|"
        r"amos)|concord(?:o|amos)|confirm"
        r"(?:o|amos)|reconhec(?:o|emos)|ha|houve|fiz|fizemos|vao|e para|era para|mandei|falei|disse|"
        r"tive|seja|sejam|penso|"
        r"queira|quisemos|quis)(?: (?:mais|que|em|de|o|a|do|da|com|por|para|pra|meu|nosso|nenhum|"
        r"nenhuma|qualquer|pedindo|"
        r"solicitando|pensando|querendo|interesse|intencao|vontade|motivo|pedido|solicitacao|seja|"
        r"agora|hoje|ter|voces|ele|"
        r"se|e|ainda|fazer|prosseguir|seguir|continuar|mesmo|realmente|esse|este|ir|dar|andamento|ao|"
        r"sim|ainda|necessario|preciso|mandei|pedir|solicitar)){0,6} "
        rf"{_CANCEL_WORD}",
    ),
    _rule(
        "nao_cancelem",
        "Pede-se que não cancelem.",
        r"(?<!ha como )(?<!como )\b(?:nao|nunca|jamais|nem)(?: (?:me|nos|o|mais|por favor|seja|sejam|"
        r"ser|fosse))*"
        r" (?:cancelem|cancele|cancelaria\w*|cancelarei|cancelaremos|obriguem|cancelar|cancelad[oa]s?|"
        r"encerrem|"
        r"encerre|rescindam|"
        r"desliguem|encerrad[oa]|rescindid[oa]|cancela)\b(?! ainda)(?! ate)",
    ),
    _rule(
        "desistiu",
        "O texto desiste do cancelamento ou pede que seja desconsiderado.",
        r"\b(?:desist(?:o|i|imos|ir|iu|indo|encia)|desconsider\w+|ignor(?:ar|em|e)|revert(?:er|a|am|"
        r"em)|reversao|revog\w+|anul(?:ar|em|e|o)|"
        r"retir(?:o|amos|ar|em|e)|suspend(?:er|am|a)|suspensao|sust(?:ar|em)|abort(?:ar|em)|"
        r"descancel\w*|desfa(?:zer|cam|ca)|volt(?:ar|o|amos|ei) atras|"
        r"sem efeito|cancel(?:ar|o|em|e|amento)|parem|parar|interromp(?:er|am)|arrepend\w+|impedir|"
        r"evitar|arquiv(?:ar|em))"
        r"(?: (?:d?[oa]s?|d?ess[ea]|d?est[ea]|n[oa]|de|com|em|meu|minha|nosso|nossa|qualquer|favor|o|"
        r"quanto|a|ao|email|e-mail|"
        r"mensagem|anterior|processo|procedimento|pedido|solicitacao|requerimento|formalizacao|sobre|"
        r"que|eu|fiz)){0,8} "
        r"(?:cancelamento|rescisao|encerramento|distrato|desligamento|cancelar|rescindir|encerrar o)\b",
    ),
    _rule("descancelar", "Pede-se que o cancelamento seja desfeito.",
          r"\b(?:descancel\w+|reativ(?:ar|em|acao)\b)"),
    _rule(
        "desconsiderem",
        "Pede-se que a mensagem anterior seja desconsiderada.",
        r"\bdesconsider(?:ar|em|e|o|amos)\b(?=.{0,60}\b(?:e-?mail|mensagem|pedido|solicitacao|anterior|"
        r"tudo)\b)",
    ),
    _rule(
        "mudou_de_ideia",
        "O texto diz que mudou de ideia ou que fica.",
        r"\b(?:mud(?:ei|amos) de ideia|(?:deixa|deixem) (?:pra|para) la|pens(?:ei|amos|ando) melhor|"
        r"(?:repens|reconsider)"
        r"(?:ei|amos|ando)|volt(?:ei|amos) atras|esquec(?:am|a|e) (?:isso|o que)|"
        r"(?<!nao )(?<!nao quero )(?<!mais )(?:vamos|vou|iremos|decidi(?:mos)?|quero|queremos|"
        r"prefir(?:o|imos)|opt(?:ei|amos) por|resolv(?:i|emos))"
        r" (?:ficar|continuar|permanecer|seguir|manter)(?= (?:com|o|a|os|na|no|tudo|meu|minha|nosso|"
        r"nossa|sendo|client|ativ)|$)|"
        r"(?:mantenham|manter|mantenha|deixem|deixar|deixa) (?:o |meu |nosso |a |minha )?(?:contrato|"
        r"plano|assinatura|tudo|conta)"
        r"(?! (?:\w+ )?(?:ate|durante|enquanto)))",
    ),
    _rule(
        "problema_resolvido",
        "O texto diz que não é mais preciso cancelar.",
        r"\bnao (?:e |sera |vai ser )?(?:mais )?(?:preciso|precisa|precisam|necessario|ha necessidade "
        r"de)(?: mais)?(?: de)?"
        r"(?: fazer)?(?: [oa])? " + _CANCEL_WORD,
    ),
    _rule("nao_pedi", "Quem escreve diz que não pediu o cancelamento.",
          r"\bnao (?:fui eu que |fomos nos que )?(?:pedi(?:mos)?|solicitei|autorizei|autorizamos|fiz|"
          r"fizemos|quis|quisemos)(?: (?:isso|nada|tal coisa))?(?:$|,)"),
    _rule("nao_concordo", "Quem escreve não concorda com o cancelamento.",
          r"\b(?:eu |mas |nos )?nao (?:concord(?:o|amos)|permit(?:o|imos)|autoriz(?:o|amos))\b(?=[^,]*$)"),
)  # fmt: skip

# --- what hedges a request in the same sentence ---------------------------------------------------
POLITE_CONDITION = re.compile(
    r"\b(?:se (?:for )?possivel|se puder(?:em)?|se nao for (?:incomodo|pedir muito)|caso seja possivel|"
    r"se for o caso|"
    r"se (?:for )?necessario|caso (?:seja )?necessario|se preciso|assim que possivel|se assim "
    r"desejarem|se aplicavel|"
    r"caso aplicavel|se nao se importam|se tiver como|se der)\b"
)
CONDITION = _rule(
    "condicao",
    "O pedido depende de uma condição (se, caso, a menos que…).",
    r"(?:(?:^|[,;:(] ?|- |\b(?:e|mas|que|pois|porque|entao|agora|cancelar|cancelamento|contrato|plano|"
    r"servicos?|so|somente|"
    r"apenas|hoje|prezados|ola|oi|bom dia) )se (?!(?:deu|da|deve|encontra|trata|mudou|tornou|faz|fez|"
    r"mostrou)\b)|"
    r"(?<![-\w])se (?=nao |eu |voces? |isso |continuar|houver|tiver|for |forem |\w{2,}(?:arem|erem|"
    r"irem|armos|ermos|irmos)\b)|"
    r"(?<!no )(?<!neste )(?<!nesse )(?<!meu )(?<!este )(?<!o )(?<!em )(?<!do )(?<!nosso )(?<!qualquer "
    r")(?<!um )\bcaso\b(?! de\b)|"
    r"\bdesde que (?=nao|haja|seja|voces|o|a)|\bcontanto que|\ba menos que|\ba nao ser que|\bsalvo se|"
    r"\bexceto se|"
    r"\bna hipotese de|\bem caso de|\bsob (?:a )?condicao|\bdependendo d)",
)
OR_ELSE = _rule(
    "ameaca",
    "O cancelamento aparece como ameaça (ou cancelo).",
    r"\b(?:ou|senao|se nao(?=,)|do contrario|caso contrario),?(?: \w+){0,5}? (?:cancel|rescind|encerr)\w*",
)
THINKING = _rule(
    "cogita",
    "Cogita-se cancelar, sem pedir.",
    r"\b(?:nao decid\w+|pensando|pensei|penso|pensamos|avali(?:ando|amos|ar)|analis(?:ando|amos|ar)|"
    r"consider(?:ando|"
    r"amos) (?:o |a |seriamente |cancel|rescind)|"
    r"cogit\w+|estud(?:ando|amos|ar)|talvez|possibilidade|quem sabe|provavel\w*|possivel "
    r"(?:cancelamento|rescisao)|da (?:ate )?vontade|"
    r"em vias de|quase cancel\w+|a ponto de|tentado a|ameac\w+|em duvida|indecis\w+|eventual|futuro "
    r"cancelamento|"
    r"serei obrigad[oa]|seremos obrigad[oa]s|vontade de cancelar|proximo passo|acab(?:ar|o|amos) "
    r"cancelando|cancelarei|"
    r"cancelaremos|cancelaria(?:mos)?|pediremos|pedirei|solicitarei|solicitaremos)\b",
)
LATER = _rule("mais_tarde", "Fala-se de cancelar mais tarde.",
              r"\b(?:mes que vem|ano que vem|semana que vem|amanha|futuramente|em breve|proximo (?:mes|"
              r"ano)|proxima semana|"
              r"mais (?:para|pra) frente|um dia|qualquer dia|qualquer hora)\b")  # fmt: skip
HEARSAY = _rule(
    "terceiro",
    "Fala-se do que outra pessoa quer ou disse.",
    r"\b(?:client[ea]s?|soci[oa]|chefe|gerente|patra?o|esposa|marido|colega|filh[oa]|dono|dona|diretor|"
    r"diretora|contador|ele|ela|eles|alguem|pessoal|"
    r"financeiro|fulan[oa]|secretaria|funcionari[oa])\b[^,;]{0,40}\b(?:quer|querem|queria|pediu|"
    r"pediram|mandou|mandaram|disse|"
    r"disseram|falou|falaram|solicitou|solicitaram|deseja|desejam|pretende|pretendem|perguntou|"
    r"comentou|informou)\b",
)
REPORTED_PAST = _rule(
    "pedido_anterior",
    "Relata-se um pedido de cancelamento anterior.",
    r"\b(?:(?:ja |tinha |havia |haviamos |foi |foram )+(?:pedi(?:mos|do)?|solicit(?:ei|amos|ado|ada)|"
    r"requer(?:i|emos|ido)|fiz|fizemos|"
    r"enviei|enviamos|mandei|formaliz(?:ei|amos|ado|ada)|abri|falei|liguei|aberto|feito)|pedi|"
    r"solicitei|requeri|formalizei|"
    r"liguei|enviei|mandei|abri|fiz|"
    r"(?:quando|desde que|depois que|apos) (?:solicitamos|pedimos|formalizamos))\b",
)
PAST_TIME = _rule("no_passado", "Fala-se do que já aconteceu.",
                  r"\b(?:ontem|anteontem|semana passada|mes passado|ano passado|ha (?:\w+ )?(?:\w+ "
                  r")?(?:dias?|semanas?|mes(?:es)?|anos?)"
                  r"(?: atras)?|faz (?:\w+ )?(?:dias|semanas|meses)|na ocasiao|naquela data)\b")  # fmt: skip
STILL_WAITING = _rule("aguarda", "Pergunta-se ou cobra-se o andamento de um cancelamento.",
                      r"\b(?:aguard\w+|andamento|ate agora|ainda nao|nao (?:foi|fui|cancelaram|fizeram|"
                      r"efetuaram)|quando (?:o|meu|sera|vai|voces)|posicao|status|previsao)\b")  # fmt: skip

# --- questions ------------------------------------------------------------------------------------
QUESTION = _rule(
    "pergunta",
    "É uma pergunta sobre cancelamento, não um pedido.",
    r"^(?:(?:oi|ola|bom dia|boa tarde|boa noite|gente|pessoal|por favor|entao|e|mas|duvida|tudo bem|"
    r"prezados|uma duvida)[,:! ]+)*"
    r"(?:como (?=que\b|e que|eu|faco|faz|fazer|faria|funciona|proced|devo|posso|cancel|seria|fica|se|"
    r"solicit|dou|peco|e )|quanto|qual|quais|quando|onde|quem|"
    r"sera que|tem como|da para|da pra|e possivel|seria possivel|posso|podemos|existe|ha (?:alguma |"
    r"algum )?(?:multa|taxa|custo|prazo|cobranca|fidelidade)|tem (?:alguma |algum )?(?:multa|taxa|"
    r"custo|prazo|fidelidade)|"
    r"por que|o que (?:acontece|preciso|devo|e necessario|fazer))\b|"
    r"\b(?:saber|entender|me (?:informar|informe|informem|explicar|explique|expliquem|dizer|orientar|"
    r"esclarecer)|nos (?:informar|informem|expliquem|orientar)|"
    r"informacoes|informacao|duvidas?|orientacoes|orientacao|esclarec\w+|detalhes|expliquem|gostaria "
    r"de conversar|simulacao|simular|qual (?:e )?[oa]|quanto (?:custa|fica|pago)|"
    r"como (?:faco|fazer|funciona|proceder|devo|cancel\w+|seria|fica|se|solicit\w+|e feito)|tem "
    r"(?:multa|taxa)|ha (?:multa|taxa)|existe (?:multa|taxa))\b",
)
TAG_QUESTION = re.compile(
    r",? (?:ok|certo|blz|beleza|ta|ta bom|tudo bem|por favor|pode ser|por gentileza|combinado|viu|sim|ne)$"
)
PRICE_FIRST = re.compile(
    r"\b(?:tem|ha|existe|qual|quanto|pago|cobram|vou pagar|teria|haveria|quais)\b[^.]{0,40}\b(?:multa|"
    r"taxa|custo|custa|fidelidade|valor|pagar|"
    r"fica|cobranca|penalidade)\b"
)

# --- other things that only look like it ----------------------------------------------------------
NEUTRAL = _rule(
    "so_menciona",
    "A palavra aparece sem que nada seja pedido.",
    r"\b(?:(?:politica|prazo|multa|taxa|valor|custo|processo|procedimento|clausula|regras?|condicoes|"
    r"formulario|termos?|"
    r"termo|setor|possibilidade|caso|casos|hipotese|direito|pedido|pesquisa|motivos?|informacoes|"
    r"tarifa|carta|aviso|email|e-mail) (?:\w+ )?(?:de|do|da|sobre|para|ao) "
    r"(?:\w+ ){0,2}(?:cancelamento|cancelar|rescisao|encerramento)|(?:recebi|recebemos|li|vi|"
    r"obrigad[oa]) [^.]{0,40}cancelamento|"
    r"antes (?:de|do) (?:\w+ ){0,3}cancel\w+|para cancelar [oa] recebimento|cancelar (?:sua |a )?inscricao|"
    r"cancelamento de (?:eco|ruidos?|inscricao)|"
    r"(?:cancelei|cancelamos|rescindi|rescindimos|encerrei|cancelou|cancelaram) |(?:foi|foram|esta|"
    r"sendo|fica|ficou|sera|seria) (?:\w+ )?cancelad[oa]s?|cancela (?:sozinh|automatic)\w+|"
    r"cancelaria\w*|que eu cancele|ajuda para cancelar)",
)
YES_TO_OUR_QUESTION = _rule("resposta_curta", "É só uma resposta curta a uma mensagem anterior.",
                            r"^(?:sim|confirmo|confirmado|de acordo|ok|isso|isso mesmo|pode ser|pode "
                            r"sim|pode|podem|perfeito|concordo|ciente|fechado|sim por favor)(?:[, "
                            r"]+(?:sim|confirmo|confirmado|de acordo|obrigad[oa]|pode ser|pode|podem seguir|"
                            r"pode seguir|por favor|isso|mesmo|quero|podem prosseguir|prosseguir))*[.! "
                            r"]*$")  # fmt: skip
LEAVING = _rule("parece_sair", "Parece que o cliente quer sair, mas não pede o cancelamento.",
                r"(?:\bchega\b|\bdesistencia d[oae]|\bnao da mais$|perd(?:er|eram|endo) (?:mais "
                r")?(?:um|o|este) cliente|"
                r"\bestou (?:fora|saindo)\b|\bestamos saindo\b|"
                r"\b(?:vou|vamos) (?:embora|sair|mudar de operadora|trocar de operadora)\b|nao "
                r"(?:quero|queremos) (?:mais )?(?:renovar|continuar)|"
                r"nao (?:renovar|renovaremos|renovacao)|interesse (?:em|na) (?:renovar|renovacao)|nao "
                r"(?:vou|vamos|iremos) renovar|"
                r"\bencerrar (?:a|nossa) (?:relacao|parceria)|retirada do equipamento|dispensar os "
                r"servicos)")  # fmt: skip
FOREIGN = _rule("outra_lingua", "Parece um pedido em outra língua.",
                r"\b(?:(?:please|want to|like to|wish to|to) (?:cancel|terminate)|cancel(?:l?ation| "
                r"our| my| the) |terminat(?:e|ion) (?:of )?(?:our|my|the)|cancel (?:our|my|the) |"
                r"cancelacion|quiero (?:cancelar|dar)|dar de baja|la baja|rescindir el|rescision del|"
                r"solicito la|solicitamos la|deseo cancelar|resiliation)\b")  # fmt: skip
CHANGE_OF_PLAN = _rule("troca_de_plano", "Fala-se de trocar de plano, não de sair.",
                       r"\b(?:migrar|mudar|trocar|passar|migracao|troca|mudanca|upgrade|downgrade|"
                       r"contratar|aderir|fechar)(?: (?:para|pra|pro|por|de|do|ao|o|a|um|uma|pelo|"
                       r"em))* (?:(?:novo|nova|outro|outra|meu|nosso|atual) )?(?:planos?|pacote|modalidade)\b"
                       r"|\be (?:contratar|aderir|ficar com|assinar) (?:o|a|um|uma) (?!outr|concorr)|"
                       r"\b(?:quero|queremos|e sim|mas sim) (?:um|uma|o|a) (?:plano )?(?:maior|menor|"
                       r"novo|nova|outro plano)\b|\bfazer (?:um )?novo contrato|\bnovo (?:plano|"
                       r"contrato)\b|\b(?:suspensao|"
                       r"cancelamento|desligamento|pausa) temporari[oa]\b|\btemporariamente\b|\bpor "
                       r"\d+ (?:dias|meses) e depois\b")  # fmt: skip
THE_REST_STAYS = _rule("o_resto_continua", "Só uma parte seria cancelada: o resto continua.",
                       r"\b(?:(?:os?|as?) (?:demais|rest(?:o|ante)s?|outr[oa]s?|matriz|sede|filial|"
                       r"outra unidade)|todo o rest\w+|(?:demais|outros|outras) (?:ramais|linhas|"
                       r"servicos|numeros|unidades)|(?:o|resto do) contrato) [^.]{0,30}"
                       r"\b(?:continu\w+|segu(?:e|em|ir)|perman\w+|mant\w+|fic(?:a|am))\b|"
                       r"\bmant(?:endo|er|enham|ido|emos)(?: (?:apenas|somente|so))? (?:os?|as?) "
                       r"(?:demais|rest\w+|outr[oa]s?|linha|ramal|numero principal)\b|\bexceto\b|"
                       r"\b(?:ficar|continuar|permanecer) (?:so|somente|apenas) com\b|"
                       r"\bmenos o ramal|\bcom excecao d")  # fmt: skip
AUTOMATIC_TEXT = _rule(
    "resposta_automatica",
    "É uma resposta automática.",
    r"(?:\b(?:resposta automatica|automatic reply|auto-?reply|out of office|fora do escritorio|estarei "
    r"em ferias|acesso limitado|"
    r"mensagem automatica|"
    r"ausencia temporaria|resposta ausencia|estou (?:de ferias|ausente|em ferias|de licenca)|estarei "
    r"(?:ausente|de ferias|fora))\b)",
)
