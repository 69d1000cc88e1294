"""The words that rules are made of, as people write them: lower case, no accents.

Only lists live here; what they mean together is said in `rules.py`. A word that is missing makes a text
go to a person, never the other way round.
"""

from __future__ import annotations


def any_of(*words: str) -> str:
    """Return one pattern for the words of several lists; a list is one string, words divided by blanks."""
    return "(?:" + "|".join(word.replace("_", " ") for line in words for word in line.split()) + ")"


# What is done to a contract. An underline stands for a blank.
SURE_INFINITIVE = "cancelar cancelarmos cancelarem rescindir rescindirmos distratar resilir"
SURE_NOUN = "cancelamento rescisao distrato resilicao"
SURE_SUBJUNCTIVE = "cancele cancelem rescinda rescindam"
SURE_PARTICIPLE = "cancelad[oa]s? rescindid[oa]s? distratad[oa]s?"
# These say the same only when the contract, the service or the like is named with them.
NAMED_INFINITIVE = (
    "encerrar encerrarmos finalizar terminar desativar desligar descontinuar romper extinguir "
    "denunciar interromper "
    "dar_baixa_(?:em|n[oa]s?|d[oa]s?) por_fim_(?:em|a[os]?s?) dar_fim_(?:em|a[os]?s?) excluir deletar "
    "desfazer parar_com "
    "dar_por_encerrad[oa]s? desvincular deixar quebrar abrir_mao sair"
)
NAMED_NOUN = (
    "encerramento desligamento desativacao termino denuncia extincao interrupcao finalizacao descontinuidade "
    "descontinuacao baixa quebra exclusao desvinculacao fim saida"
)
NAMED_SUBJUNCTIVE = (
    "encerre encerrem finalize finalizem desative desativem desligue desliguem deem_baixa_n[oa]"
)
NAMED_PARTICIPLE = "encerrad[oa]s? finalizad[oa]s? desativad[oa]s? desligad[oa]s?"

# Any word of the family, also where nothing is asked.
MENTION = (
    r"\b(?:cancel\w*|descancel\w*|rescis\w*|rescind\w*|distrat\w*|resili\w*|encerr(?:ar|amento|em|e|o|"
    r"ei|ou|amos)\b|"
    r"(?:desativ|deslig)(?:ar|amento|acao|em)\b(?= (?:d?[oa]s? )?(?:\w+ )?(?:contrat|conta|servic|plan))|"
    r"termino do contrato|denuncia\w* (?:d?o )contrato)"
)

# What the customer has from us as a whole.
WHOLE = (
    r"contratos? contratual contratuais contratacao servicos? plano planos assinatura conta contas "
    r"tudo pabx pbx "
    r"pabx\w* central "
    r"centrais telefonia voip sistema sistemas plataforma parceria prestacao vinculo relacao "
    r"relacionamento acordo "
    r"nuvem nuvemjti adaptnuvem nuvem_jti jti produto produtos solucao ip_pbx licenciamento "
    r"telefone_fixo cadastro adesao "
    r"porcaria merda bagaca negocio treco troco lixo bosta telefones fornecimento "
    r"ambiente cloud servico_contratado relacao_contratual instrumento termo proposta_comercial_assinada"
)
# A part of it, named as a part.
PART = (
    r"ramal ramais licencas? modulos? usuarios? ura adicional adicionais opcional gravacao gravacoes "
    r"aparelhos? "
    r"headsets? grupo fila filas did dids funcionalidade recurso integracao addon add-on 0800 "
    r"caixa_postal discador "
    r"relatorio canal canais"
)
# Perhaps a part, perhaps all that this customer has.
PERHAPS_WHOLE = (
    "linhas? numeros? troncos? telefone chip chips celular internet link filial unidade loja pacote"
)
# Something else that is cancelled every day and has nothing to do with leaving.
OTHER_THING = (
    r"oc boletos? faturas? cobrancas? pagamentos? nota notas nf nfe nfs-e nfse nfs pedidos? visitas? "
    r"reuniao reunioes "
    r"agendamentos? agenda chamados? tickets? os ordem ordens compra compras encomenda debito debitos "
    r"newsletter "
    r"inscricao inscricoes recebimento envio emails? e-mails? mensagens notificacoes portabilidade "
    r"treinamento evento "
    r"call chamada chamadas ligacao ligacoes eco ruido ruidos orcamento proposta proposta_comercial "
    r"desconto protesto "
    r"parcela parcelas parcelamento multa juros taxa taxas reajuste aumento instalacao manutencao "
    r"entrega viagem voo "
    r"consulta hospedagem matricula cartao pix transferencia transacao lancamento titulo titulos "
    r"duplicata participacao "
    r"cobranca bloqueio desvio encaminhamento siga-me alteracao mudanca troca upgrade atualizacao "
    r"migracao solicitacao "
    r"protocolo atendimento entrevista curso vaga procuracao certificado demonstracao demo "
    r"apresentacao conversa "
    r"autorizacao acesso senha backup campanha renovacao teste testes periodo assembleia conferencia "
    r"videoconferencia"
)
OPERATORS = (
    r"vivo tim claro oi algar embratel net sky nextel telefonica brisanet desktop ligga sercomtel "
    r"vonex goto zenvia "
    r"twilio 3cx ringcentral twygo totalvoice nvoip directcall falevono transit concorrente concorrencia "
    r"(?:minha_|a_|uma_)?outra_operadora outro_fornecedor operadora_antiga operadora_anterior "
    r"antiga_operadora"
)

# Words that may stand between "solicito" and "o cancelamento" without changing what is asked.
BETWEEN = (
    r"o a os as ao aos um uma do da de dos das que para pra pro por com em no na nos nas e este esta "
    r"deste desta esse "
    r"essa desse dessa meio atraves via presente meu minha nosso nossa seu sua voces voce vossas? v\. "
    r"v\.sas\.? sas\.? senhorias? "
    r"senhores senhor lhes lhe me mim nuvem jti nuvemjti empresa equipe setor comercial financeiro "
    r"favor gentileza "
    r"gentilmente obsequio por_favor formalmente oficialmente imediatamente hoje ja agora mesmo realmente "
    r"definitivamente entao tambem portanto assim urgente urgentemente urgencia maxima desde partir "
    r"seja sejam feito "
    r"feita feitos realizado realizada realizadas efetuado efetuada efetivado efetivada processado "
    r"processada "
    r"providenciado providenciada efetuem efetue facam faca realizem realize procedam proceda "
    r"providenciem providencie "
    r"providenciar efetivar efetivem efetive processem processar prossigam prosseguir deem dar deixar "
    r"inicio iniciar "
    r"iniciem abertura abrir abram registrar registrem registrado processo procedimento andamento "
    r"prosseguimento "
    r"continuidade seguimento sequencia entrada providencias necessarias cabiveis tramites tramite "
    r"imediato imediata "
    r"total totalmente integral definitivo definitiva completo completa formal amigavel unilateral "
    r"antecipado "
    r"antecipada contratual e-mail email mensagem carta notificacao instrumento pedido solicitacao "
    r"formalizar "
    r"formalizacao comunicar comunicado requerer solicitar solicita solicitando pedir efetuar realizar "
    r"fazer proceder "
    r"manifestar vontade desejo interesse intencao decisao decidimos decidi optamos optei desejamos "
    r"quero queremos "
    r"respeitosamente encarecidamente expressamente novamente mais_uma_vez so apenas simplesmente logo "
    r"ter conseguir "
    r"poder infelizmente nos eu finalmente breve mes final fim data prevista aqui carater irrevogavel "
    r"irretratavel "
    r"meus nossos servicos_prestados senhora execucao efetivacao realizacao conforme_conversado "
    r"conforme_combinado "
    r"conforme_orientado conforme_clausula termos clausula contrato_e conhecimento ciencia registro "
    r"ola bom dia "
    r"boa tarde noite prezados notificar notifica-los comunica-los informa-los devidos fins "
    r"oficializar formalizando informar \d[\d./ªº-]*"
)
# Words between the action and the thing, which are not the thing.
BEFORE_THING = (
    r"o a os as um uma do da de dos das em no na nos nas ao aos meu minha meus minhas nosso nossa "
    r"nossos nossas seu sua "
    r"seus suas esse essa esses essas este esta estes estas deste desta desse dessa destes destas "
    r"aquele aquela referido "
    r"referida supracitado supracitada citado citada mencionado mencionada atual atuais presente total "
    r"integral imediato "
    r"imediata definitivo definitiva completo completa completamente totalmente definitivamente "
    r"imediatamente formal "
    r"unilateral antecipado antecipada amigavel logo ja aqui ai pra para mim por_favor por "
    r"favor gentileza "
    r"nos gente qualquer todo toda atuais mensal por_completo agora hoje com inteiro urgente de_vez "
    r"ate respectivo nº "
    r"respectivos todos todas \d[\d./-]* dia dois duas ambos ambas tal apenas somente so "
    r"exclusivamente unicamente bendito bendita maldito maldita agradavel amigavelmente junto toda_a"
)
# What may follow "cancelar" when no thing is named.
NO_THING = (
    r"e ou mas pois porque porem que ja visto uma_vez tendo devido por pela pelo pelas pelos conforme "
    r"apos antes "
    r"partir quanto mais com junto nesse neste nesta hoje agora amanha ainda motivo razao virtude "
    r"funcao nessa nos urgente "
    r"logo imediatamente assim se caso como sem obrigado obrigada grato grata desde diante considerando fico "
    r"aguardo att atenciosamente ok ta certo blz beleza dando dado haja comigo voces vcs so tbm tambem "
    r"sim tem qual quanto "
    r"urgencia muito ta esta estou estamos ficou mesmo tudo_bem valeu vlw gostaria amigavelmente "
    r"infelizmente devo devemos "
    r"haja_vista isto vou vamos nao ninguem motivada para_o_dia para_o_final nem fim final mes"
)
