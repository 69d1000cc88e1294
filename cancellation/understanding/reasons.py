"""Why the customer leaves, in the customer's own words, and sorted (P3, P7)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from cancellation.understanding.models import ReasonCategory
from cancellation.understanding.normalise import Folded, fold
from cancellation.understanding.sentences import Sentence

MAX_REASON = 500

_LABEL = re.compile(
    r"(?:(?:^|[ ,(-])(?:o |os |a |as |nosso |meu |pelo |seguintes? |com o |tendo como |principal |"
    r"principais )*(?:motivos?|motivacao|razao|razoes|justificativas?|causas?)"
    r"(?: (?:principal|principais|alegado|da saida|da decisao|da solicitacao|do pedido|para (?:o|a|"
    r"isso|tal|tanto)|que (?:nos|me) lev\w+ a|pelo qual|pela qual"
    r"|(?:d[oa]|deste|desse|para o|para a|de) (?:\w+ )?(?:cancelamento|rescisao|encerramento|distrato|"
    r"desligamento|pedido|saida|cancelar)(?: do (?:contrato|servico|plano))?))*)"
    r" ?(?P<mark>[:;=]|-(?= )| (?:e|foi|eh|seria|sao|foram|decorre|se deve|se da (?:por|pel[oa]s?)|"
    r"deve-se)(?: (?:que|o "
    r"fato de(?: que)?|o seguinte:?))? |,? (?=preco|custo|alto|valor|falta|falencia|mudanca|insatisf|"
    r"fechamento|nao|troca|problema|caro))"
)
_CONNECTORS = re.compile(
    r"(?:^|[ ,(])(?:(?P<drop>por causa (?=d)|por conta (?=d)|devido(?= a)|em raz(?:ao|oes) (?=d)|em "
    r"virtude (?=d)|em funcao (?=d)|"
    r"em decorrencia (?=d)|em consequencia (?=d)|decorrente (?=d)|tendo em vista(?: que)?|haja "
    r"vista(?: que)?|uma vez que|visto que|dado que|ja que|porque|"
    r"porquanto|pois|posto que|considerando(?: que)?|por motivos? (?=d)|motivad[oa] (?:por|pel[oa])|se "
    r"deve(?= a)|deve-se(?= a)|em face (?=d)|"
    r"diante (?=d)|por raz(?:ao|oes) (?=d)|graças a|gracas a|em vista d[eoa]|a fim de|sendo que|por "
    r"isso que|levando em conta|por que(?= \w))"
    r"(?:(?<= )|(?!\w))|"
    r"(?P<keep>(?=por motivos? (?!d)|por raz(?:ao|oes) (?!d)|por questao |por questoes |por falta |por "
    r"desinteresse|por "
    r"insatisf|por dificuldade|por problemas?|por mudanca|por fechamento|por encerramento|"
    r"por desuso|por inviab|por corte|por cortes|por reducao|por contencao|por nao (?!continuar|"
    r"renovar|prosseguir|seguir)|por estar|por ser |"
    r"por necessidade|por reestrutur|por troca|por termos|por ter |por "
    r"excesso|por baixa|por alto|por instab|por falencia|por inatividade|por quedas|por conten|para "
    r"(?:reduzir|cortar|conter|diminuir|economizar))))"
)
_ARTICLE = re.compile(
    r"^ ?(?:de que |d?ao? fato de (?:que )?|do fato de (?:que )?|de (?!que)|d(?=[oa]s? )|a(?=os? ))"
)
_STOP = re.compile(
    r",? (?:(?:e |por isso,? |portanto,? |assim,? |entao,? |dessa forma,? |desta forma,? |sendo "
    r"assim,? |logo,? )?(?:eu )?(?:solicit(?:o|amos)|pe(?:co|dimos)|gostari\w+ de (?:solicit|cancel|"
    r"encerr|rescind|pedir)|"
    r"favor|por favor|por gentileza|venho|vimos|formaliz\w+|aguard(?:o|amos)|fic(?:o|amos) no aguardo|"
    r"desde ja|grat[oa]|obrigad[oa]|atenciosamente|att|cordialmente|abraco|"
    r"(?:quero|queremos|desej(?:o|amos)|vou|vamos|precis\w+|queria(?:mos)?|gostari\w+) (?:\w+ "
    r")?(?:cancel|encerr|rescind|solicit|o (?:cancel|encerr))\w*|requer\w+))\b"
)
_NO_REASON = re.compile(
    r"^(?:(?:a|nao|sem|prefir\w+|nao (?:quero|desejo|vou|pretendo|gostaria de)|prefiro nao|ainda nao|ja)"
    r" (?:informar|informad\w+|declarad\w+|especific\w+|motivo|dizer|comentar|revelar|expor|explicar|"
    r"inform\w+|falar)\b.*|"
    r"(?:ver|vide|segue|em anexo|abaixo|conforme|particular nao) ?(?:abaixo|anexo|conversad\w+|"
    r"falad\w+|combinad\w+|inform\w+|"
    r"em|por telefone|mencionad\w+|explic\w+|solicit\w+)?\b.*|"
    r"d?iss[oa]|d?isto|(?:d?o )?(?:ja )?expost\w+.*|o acima.*|d?est[ea]s? (?:fatos?|motivos?)|n/?a|-+|"
    r"\.+|x+|nenhum|nada|abaixo|anexo|nao|sem motivo.*|nao ha|nao tem|prefiro nao.*)$"
)
_SPEAKS_OF_THE_DECISION = re.compile(
    r"^(?:a|o|esta|tal|essa|nossa|minha|este|esse)? ?(?:rescisao|cancelamento|decisao|pedido|"
    r"solicitacao|saida|motivo|encerramento|medida)\b"
)
_CLOSING = re.compile(
    r"^(?:att|atte|atenciosamente|cordialmente|obrigad[oa]s?|grat[oa]s?|abracos?|abs|sem mais|"
    r"respeitosamente|desde ja|saudacoes|at\.te|fico no aguardo|aguardo|bom dia|boa tarde|boa noite|"
    r"prezad[oa]s?|ola|oi|caros|senhores|agradeco|agradecemos|enviado d)\b"
)
_NOT_A_REASON = re.compile(
    r"\b(?:venho|vimos|viemos|comunic\w+|seguir\w*|decid\w+|optamos|continu\w+|confirm\w+|aguard\w+|"
    r"obrigad\w+|agradec\w+|ciente|ciencia|prazo|clausula|portabilidade|"
    r"gravac\w+|boleto|fatura|telefone para|cnpj|cpf|segue\w*|anexo|disposic\w+|duvidas?|"
    r"protocolo|data|multa|equipamentos?|informem|informar|por favor|favor|gentileza|solicit\w+|"
    r"pedid\w+|ligu?em|liguem|ligar|retorn\w+|contraproposta|proposta|renegoci\w+|responsavel|"
    r"atenciosamente|att|cordialmente|contrato n\w*|numeros?|e-?mail|aceito|desde ja|parceria|sucesso|"
    r"tudo bem|mensagem|ramais? \d|urgencia|urgente|cobrancas?|cadastr\w+|representante|"
    r"cancel\w+|rescis\w+|encerrem|pessoal|providenci\w+|providencias|cliente desde|conforme|combinado|"
    r"gostaria|gostariamos|ontem|hoje|amanha|espero|esperamos|desculp\w+|lament\w+|infelizmente$)\b"
)
_FINITE = re.compile(
    r"\b(?:e|sao|esta|estao|estamos|estou|foi|foram|era|eramos|ficou|ficamos|temos|tenho|tem|vamos|vou|"
    r"nao|nunca|ninguem|ha|houve|deixou|deixamos|ta|tao|tivemos|vai|vao|quero|queremos|"
    r"\w{3,}(?:amos|emos|imos|ou|aram|eram|iram|ei))\b"
)

CATEGORY_CUES: tuple[tuple[ReasonCategory, str], ...] = (
    (
        ReasonCategory.OTHER,
        r"(?:empresa|loja|firma) foi (?:vendida|comprada|incorporada)|"
        r"vend(?:i|emos) a (?:empresa|loja|firma)",
    ),
    (
        ReasonCategory.COMPETITOR,
        r"concorren\w+|(?:outr[oa]|nov[oa]|diferente) (?:operadora|empresa|fornecedor\w*|provedor\w*|"
        r"solucao|plataforma|prestador\w*|companhia|sistema|servico|telefonia|central|pabx)|"
        r"(?:operadora|empresa|fornecedor\w*|opcao|solucao|alternativa|provedor\w*|plano) (?:bem |"
        r"muito )?mais (?:barat|em conta|vantajos|complet|modern)\w*|"
        r"(?:proposta|oferta|condic\w+) (?:comercial )?(?:bem |muito )?(?:melhor|mais vantajos|mais "
        r"atrativ|mais barat)\w*|"
        r"(?:troca|mudanca|migracao) (?:de|para|da) (?:nossa )?(?:operadora|fornecedor|empresa|"
        r"provedor|outr\w+|plataforma|sistema)|(?:mud|troc|migr)(?:ei|amos|aremos|ando|ar|ou) (?:de|"
        r"para|pra|pro|a nossa) "
        r"(?:(?:o |a |outr|uma? )|operadora|empresa|fornecedor)|(?:fech|contrat|assin)(?:ei|amos|ou|"
        r"ando) (?:\w+ )?(?:com |contrato com )?(?:a |o )?(?:vivo|tim|claro|oi|algar|embratel|outr[oa]|"
        r"concorrente|um novo|um)\b|"
        r"\b(?:para|pra|pela|com a|da|na|a) (?:vivo|tim|claro|oi|algar|embratel|net|sky)\b|\b(?:teams|"
        r"zoom|3cx|goto|ringcentral|twilio|google voice|zenvia|callix)\b|pabx proprio|telefonia "
        r"propria|central propria",
    ),
    (
        ReasonCategory.BUSINESS_CLOSED,
        r"(?:fech(?:ar|ou|amos|aremos|amento|ando|ei|ada|ado|ara|aram)|fecha) (?:as |a |o |da |do |de |"
        r"das |dos |nossa |nosso |minha |meu |definitivamente |n?esta |n?este |n?essa )*(?:empresa|"
        r"loja|portas?|escritorio|"
        r"negocio|cnpj|filial|firma|unidade|comercio|clinica|restaurante|operacao|operacoes|atividades|"
        r"fabrica|estabelecimento|matriz|agencia|oficina|ponto|consultorio|padaria)|(?:empresa|loja|"
        r"firma|negocio|escritorio|clinica|filial|"
        r"restaurante|comercio|cnpj|unidade|consultorio|padaria|fabrica|estabelecimento) (?:\w+ "
        r")?(?:\w+ )?(?:fech\w+|faliu|encerr\w+|foi (?:fechad|encerrad|extint|baixad)\w+|quebrou|"
        r"acabou|deixou de existir)|encerr\w+ (?:d?as |de |d?a |d?o |nossas? |suas? |minhas? )*"
        r"(?:atividades?|empresa|loja|filial|firma|operac\w+|negocio|cnpj|escritorio|clinica|unidade|"
        r"expediente)|falencia|faliu|falir|quebramos|(?:baixa|baixar|baixei|baixamos) (?:n?d?o |de |a "
        r")?(?:cnpj|empresa)|liquidacao|processo de baixa|baixa na receita|extincao da|fim (?:das "
        r"atividades|da empresa|do negocio)|"
        r"deixou de existir|dissolucao|fechamento$",
    ),
    (
        ReasonCategory.PRICE,
        r"preco\w*|\bcar[oa]s?\b|carissim\w+|custos?|mensalidades?|reajust\w+|orcament\w*|gastos?|"
        r"despesas?|financeir\w+|econom(?:ia|izar|ico|ica)\b|barat\w+|nao compensa|conta (?:ficou|esta|"
        r"ta) |tarifas?|aument\w+|valor(?:es)? (?:\w+ )?(?:\w+ )?"
        r"(?:alt\w+|elevad\w+|cobrad\w+|mensa\w+|abusiv\w+|da |do |subi\w+|aument\w+)|\bvalor(?:es)?\b|"
        r"caixa|custo|salgad\w+|nao (?:consigo|conseguimos|posso|podemos|temos como) (?:mais )?pagar|"
        r"cabe no (?:bolso|orcamento)|"
        r"pesando|pesado|conseguind?[ro]* pagar|grana|condic\w+ (?:financeiras|de (?:pagar|arcar|"
        r"manter))|dinheiro|cust(?:a|ando)\b|"
        r"investimento|verba|enxugar|pagando",
    ),
    (
        ReasonCategory.TECHNICAL,
        r"\b(?:cai|caem|caindo|caiu|cair|caia|caiam|caidas?)\b|quedas?|instab\w+|conex(?:ao|oes)|"
        r"estabilidade|"
        r"inst[ae]ve\w+|audio|"
        r"ruidos?|\beco\b|picot\w+|chiad\w+|delay|latencia|sinal|falhas?|falhando|falha\b|tecnic[oa]s?|"
        r"defeitos?|bugs?|\btrav(?:a|ando|am|ou|amento|amentos)\b|fora do ar|sem (?:telefone|ligac\w+|"
        r"sinal|linha|funcionar|comunicac\w+)|"
        r"qualidade (?:das?|de|do) (?:ligac\w+|audio|chamad\w+|voz|som|servico|sinal)|intermit\w+|nao "
        r"funciona\w*|funciona mal|mudas?\b|indisponib\w+|sem linha|\berros?\b|cort(?:a|am|ando)\b|nao "
        r"completa\w*|ligacoes (?:caem|caindo|ruins|mudas|pessimas)|oscila\w*|fica mudo|chamadas "
        r"(?:caem|perdidas|nao)|pane\b|conseguir (?:fazer|receber|realizar) (?:ligac|chamad)\w+",
    ),
    (
        ReasonCategory.SUPPORT,
        r"atendimento|suporte|ninguem (?:\w+ )?(?:atende|responde|retorna|resolve|liga|da retorno)|"
        r"demora\w*|mal atendid\w+|descaso|sem retorno|nao (?:respond\w+|retorn\w+|atendem|dao retorno|"
        r"da retorno|deram retorno)|pos-?venda|abandon\w+|mau atendimento|sem resposta|"
        r"desrespeito|falta de (?:retorno|resposta|assistencia|atencao)|chamados? (?:sem|abert|nao)\w*|"
        r"ignorad\w+|atendente\w*",
    ),
    (
        ReasonCategory.FEATURES,
        r"integra\w+|funcionalidades?|funcoes|recursos? (?:que|de que|necess|avanc|como|do|importan|"
        r"limitad)\w*|falta\w* (?:de )?(?:recurso|ferrament|func|opc|relator|integr)\w*|relatorios?|"
        r"aplicativos?|\bapp\b|"
        r"nao (?:nos )?atende\w* (?:mais )?(?:\w+ )?(?:\w+ )?(?:necessidades?|demandas?|expectativas?|"
        r"necessita\w*|exigencias)|limitac\w+|limitad[oa]s?|\bapi\b|\bcrm\b|\bura\b|nao (?:tem|possui|"
        r"oferece|suporta|permite) \w+|ferramentas?|incompat\w+|obsolet\w+|plataforma nao atende|nao "
        r"atende\w*$",
    ),
)  # fmt: skip
_WEAK_CUES: tuple[tuple[ReasonCategory, str], ...] = (
    (ReasonCategory.SUPPORT, r"reclam\w+|nao resolv\w+|ninguem resolv\w+|nunca resolv\w+"),
    (ReasonCategory.TECHNICAL, r"problemas?|qualidade|ligac\w+"),
    (ReasonCategory.COMPETITOR, r"migr(?:amos|ei|ando|acao)"),
)  # fmt: skip
_OTHER_CUES = re.compile(
    r"\b(?:nao (?:\w+ )?(?:utiliz|us|precis)\w+|nao (?:sendo|e|ha|faz) mais|quase nao us\w+|pouco "
    r"us\w+|sem uso|desuso|mudanca|mudamos|mudei|reestrutura\w+|vend(?:emos|i|ida|ido|eu)|crise|"
    r"insatisf\w+|satisfeit\w+|cobra(?:m|ram|ndo)? errad\w+|cobrancas? (?:indevid|errad)\w+|"
    r"aposent\w+|falec\w+|fusao|incorporac\w+|home ?office|aluguel|pandemia|demissao|demiti\w+|"
    r"decepcion\w+|frustr\w+|perdemos|perdi|fim do projeto|projeto (?:acabou|terminou|encerr)\w*|"
    r"ocios\w+|inviav\w+|necessidade d[aeo]|horrive\w+|pessim[oa]s?|nao deu certo|terceiriz\w+|nao "
    r"vale a pena|cans(?:ei|"
    r"ado|amos)|"
    r"expectativas?|viajar|mudar de (?:cidade|estado|pais|ramo)|sazonal)\b"
)
_CATEGORIES = tuple((category, re.compile(rf"(?:\b|^)(?:{pattern})")) for category, pattern in CATEGORY_CUES)
_WEAK = tuple((category, re.compile(rf"\b(?:{pattern})")) for category, pattern in _WEAK_CUES)


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason found.

    Attributes:
        text: The customer's own words.
        category: Sorted.
        says: How it was found, in Portuguese.
    """

    text: str
    category: ReasonCategory
    says: str


def category_of(reason: str) -> ReasonCategory:
    """Sort a reason by what it names first.

    Args:
        reason: Any text.

    Returns:
        The category; OTHER when no cue is found.
    """
    return _category(fold(reason).plain) or ReasonCategory.OTHER


def _category(plain: str) -> ReasonCategory | None:
    for cues in (_CATEGORIES, _WEAK):
        hits = [
            (match.start(), order, category)
            for order, (category, cue) in enumerate(cues)
            if (match := cue.search(plain))
        ]
        if hits:
            return min(hits)[2]
    return None


def find_reason(
    folded: Folded, sentences: Sequence[Sentence], acts: Sequence[tuple[Sentence, int, int]], guess: bool
) -> Reason | None:
    """Find why the customer leaves.

    Args:
        folded: The newest text.
        sentences: Its sentences in order.
        acts: Where the requests stand: sentence, start, end.
        guess: Whether a bare sentence may count (only beside a request).

    Returns:
        The reason, None when none is given.
    """
    for index, sentence in enumerate(sentences):
        found = _labelled(folded, sentences, index)
        if found is not None:
            return found
        if sentence in [act[0] for act in acts] or (guess and _SPEAKS_OF_THE_DECISION.search(sentence.text)):
            found = _connected(folded, sentence, [act for act in acts if act[0] == sentence])
            if found is not None:
                return found
    if not guess:
        return None
    for only_cues in (True, False):
        for sentence in sentences:
            found = _bare(folded, sentence, [act for act in acts if act[0] == sentence], only_cues)
            if found is not None:
                return found
    return None


def _labelled(folded: Folded, sentences: Sequence[Sentence], index: int) -> Reason | None:
    sentence = sentences[index]
    match = _LABEL.search(sentence.text)
    if match is None or re.search(
        r"\bpor (?:esse|este|tal|algum) $|\bpelo $", sentence.text[: match.start() + 1]
    ):
        return None
    if sentence.asks:
        return None
    reason = _cut(folded, sentence, match.end(), "O motivo vem indicado como tal.")
    if reason is None and not sentence.text[match.end() :].strip(" -:.") and index + 1 < len(sentences):
        following = sentences[index + 1]
        if not _CLOSING.match(following.text) and len(following.text) > 3:
            reason = _cut(folded, following, 0, "O motivo vem indicado como tal.")
    return reason


def _connected(folded: Folded, sentence: Sentence, acts: list[tuple[Sentence, int, int]]) -> Reason | None:
    for match in _CONNECTORS.finditer(sentence.text):
        at = match.end()
        if match.group("drop") is not None:
            article = _ARTICLE.match(sentence.text[at:])
            at += article.end() if article else 0
        reason = _cut(
            folded, sentence, at, "O motivo vem ligado ao pedido (porque, devido a, por causa de…)."
        )
        if reason is not None:
            return reason
    cause = re.match(
        r"(?:como|por) (?!faco|fazer|devo|posso|proced|conversad|combinad|orientad|solicitad|favor|"
        r"gentileza|meio|isso|telefone|este|esta)(?P<cause>[^,]{8,}),",
        sentence.text,
    )
    if cause is not None:
        return _cut(
            folded,
            sentence,
            cause.start("cause"),
            "O motivo vem ligado ao pedido (como…).",
            cause.end("cause"),
        )
    return None


def _cut(folded: Folded, sentence: Sentence, start: int, says: str, end: int | None = None) -> Reason | None:
    text = sentence.text[:end] if end is not None else sentence.text
    lead = re.match(r"[ ,:;=-]*", text[start:])
    start += lead.end() if lead else 0
    stop = _STOP.search(text, start)
    end = min(stop.start() if stop and stop.start() > start else len(text), start + MAX_REASON)
    if stop is not None and stop.start() <= start:
        return None
    end -= len(text[start:end]) - len(
        re.sub(r"(?:[ ,.;:-]|[ ,](?:e|entao|portanto|assim|por isso))+$", "", text[start:end])
    )
    words = text[start:end].strip(" ,.;:-")
    if len(words) < 4 or _NO_REASON.match(words) or _CLOSING.match(words):
        return None
    original = sentence.original(folded, start, start + len(text[start:end].rstrip(" ,.;:-")))
    return Reason(" ".join(original.split()), _category(words) or ReasonCategory.OTHER, says)


def _bare(
    folded: Folded, sentence: Sentence, acts: list[tuple[Sentence, int, int]], only_cues: bool
) -> Reason | None:
    text = sentence.text
    if sentence.asks or (_CLOSING.match(text) and "," not in text):
        return None
    pieces = _clauses(text, acts)
    for start, end in pieces:
        clause = text[start:end]
        bare = clause.strip(" ,.;:-()")
        if len(bare.split()) < 2 or _CLOSING.match(bare) or re.search(r"\b(?:multa|motivo|clausula)\b", bare):
            continue
        about = _category(bare) or (ReasonCategory.OTHER if _OTHER_CUES.search(bare) else None)
        if about is None and (only_cues or acts or len(bare.split()) < 4 or not _FINITE.search(bare)):
            continue
        if _NOT_A_REASON.search(bare) and not (
            only_cues and about is not None and not _LOGISTICS.search(bare)
        ):
            continue
        reason = _cut(folded, sentence, start, "Há uma frase que explica a saída.", end)
        if reason is not None:
            return Reason(reason.text, about or ReasonCategory.OTHER, reason.says)
    return None


_LOGISTICS = re.compile(
    r"\b(?:confirm\w+|aguard\w+|obrigad\w+|agradec\w+|ciente|portabilidade|gravac\w+|boleto|fatura|"
    r"segue\w*|anexo|disposic\w+|duvidas?|protocolo|multa|informem|informar|por favor|favor|gentileza|"
    r"ligu?em|"
    r"contraproposta|renegoci\w+|cancel\w+|rescis\w+|cobrancas?|aceito|solicit\w+|setor)\b"
)


def _clauses(text: str, acts: list[tuple[Sentence, int, int]]) -> list[tuple[int, int]]:
    """Cut a sentence into clauses and leave out those that hold an act."""
    cuts = [0]
    for comma in re.finditer(
        r", (?:e |entao |por isso |portanto |mas |logo )?|; | - | :| e (?=(?:quero|queremos|solicit|"
        r"peco|pedimos|desej|por isso|gostari|vou|vamos|vou|precis|favor)\w*)| entao (?=quer|solicit|"
        r"vou)| (?=(?:ta|esta) (?:muito |mto )?car|muito car|ficou car)",
        text,
    ):
        cuts.append(comma.end())
    cuts.append(len(text))
    pieces = []
    for start, end in pairwise(cuts):
        if end > start and not any(a_start < end and start < a_end for _, a_start, a_end in acts):
            pieces.append((start, end))
    return _joined_lists(text, pieces)


def _joined_lists(text: str, pieces: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Join a clause with the ones right behind it: a reason may hold commas itself."""
    joined: list[tuple[int, int]] = []
    for start, end in pieces:
        if joined and joined[-1][1] == start and _category(text[joined[-1][0] : joined[-1][1]]):
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined
