"""Every command: in which module it is, and its line in the list of commands.

The list can then be shown without loading what the commands do; a test holds it to what they say themselves.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

SERVER: Final = "server"
EMBEDDED: Final = "embedded"


class Listed(NamedTuple):
    """A command as the list shows it."""

    module: str
    """Has `add_commands(app)`, which adds this command and perhaps others."""
    panel: str
    summary: str
    extra: str = SERVER
    """The extra of the installation that it needs."""


_CONDUCT, _WATCH, _SERVERS, _INTEGRATION = "Conduzir um caso", "Acompanhar", "Servidores", "Integração"

COMMANDS: Final[Mapping[str, Listed]] = {
    "open": Listed(
        "starters.cli.facts",
        _CONDUCT,
        "Abre o caso do cliente, ou junta mais um contato ao caso já aberto.",
    ),
    "offer": Listed(
        "starters.cli.facts", _CONDUCT, "Registra uma oferta de retenção feita, aceita ou recusada."
    ),
    "outcome": Listed(
        "starters.cli.facts",
        _CONDUCT,
        "Registra o resultado da retenção: o cliente fica ou mantém a decisão.",
    ),
    "portability": Listed(
        "starters.cli.facts", _CONDUCT, "Registra a portabilidade de um número do cliente."
    ),
    "recordings": Listed(
        "starters.cli.facts", _CONDUCT, "Registra que o cliente quer as gravações das chamadas."
    ),
    "withdraw": Listed(
        "starters.cli.facts",
        _CONDUCT,
        "Registra que o cliente desistiu do cancelamento durante o aviso prévio.",
    ),
    "discard": Listed("starters.cli.facts", _CONDUCT, "Descarta um caso aberto por engano."),
    "resend": Listed(
        "starters.cli.facts",
        _CONDUCT,
        "Envia uma mensagem ao cliente de novo, com o e-mail do contato corrigido se preciso.",
    ),
    "formalize": Listed(
        "starters.cli.formalize",
        _CONDUCT,
        "Guarda o e-mail original no CRM e o leva ao caso do cliente como formalização.",
    ),
    "status": Listed(
        "starters.cli.looking",
        _WATCH,
        "Mostra a situação de um caso: etapa, datas, o que falta, próximos prazos.",
    ),
    "trail": Listed("starters.cli.looking", _WATCH, "Mostra tudo o que aconteceu em um caso, em ordem."),
    "list": Listed("starters.cli.looking", _WATCH, "Lista os casos, o mais recente primeiro."),
    "ui": Listed("starters.cli.seen", _WATCH, "Abre a página do caso na mesa do Comercial."),
    "mail": Listed(
        "starters.cli.mail",
        _WATCH,
        "Mostra um e-mail guardado como texto, ou registra que ele não é um pedido.",
    ),
    "understand": Listed(
        "starters.cli.understand",
        _WATCH,
        "Diz o que a leitura automática entende de um e-mail, e por quê, sem mexer em caso nenhum.",
    ),
    "budget": Listed(
        "starters.cli.budget",
        _WATCH,
        "Mostra o custo de cada caso no Temporal: ações, eventos e bytes do histórico.",
    ),
    "report": Listed(
        "starters.cli.report",
        _WATCH,
        "Mostra os números de um período: quem ficou e por quê, tempo em cada etapa, valores.",
    ),
    "preview": Listed(
        "starters.cli.report",
        _WATCH,
        "Mostra como seria a fatura final: do aviso prévio em curso, ou se ele começasse agora.",
    ),
    "dossier": Listed(
        "starters.cli.dossier",
        _WATCH,
        "Grava o dossiê de um caso: tudo o que o prova, com o PDF e um verificador que não precisa de rede.",
    ),
    "inbox": Listed(
        "starters.cli.inbox",
        _SERVERS,
        "Recebe os e-mails dos clientes, por SMTP e das caixas IMAP, até ser interrompido.",
    ),
    "desk": Listed(
        "starters.cli.desk",
        _SERVERS,
        "Serve a mesa do Comercial até ser interrompido, ou cadastra quem pode entrar.",
    ),
    "gateway": Listed(
        "starters.cli.gateway",
        _SERVERS,
        "Serve as páginas de download das gravações até ser interrompido (SIGTERM).",
    ),
    "codec": Listed(
        "starters.cli.codec",
        _SERVERS,
        "Serve à tela do Temporal a leitura do que está cifrado, até ser interrompido (SIGTERM).",
    ),
    "monitor": Listed(
        "starters.cli.monitor",
        _SERVERS,
        "Conta casos, mensagens, e-mails e filas para o Prometheus, até ser interrompido (SIGTERM).",
    ),
    "up": Listed(
        "starters.cli.up",
        _SERVERS,
        "Sobe tudo embutido (PostgreSQL, Temporal, correio, worker) e fica no ar até ser interrompido.",
        EMBEDDED,
    ),
    "worker": Listed(
        "starters.cli.worker",
        _SERVERS,
        "Trabalha nos casos até ser interrompido (SIGTERM termina o que está em andamento).",
    ),
    "setup": Listed(
        "starters.cli.servers",
        _SERVERS,
        "Prepara o banco (papéis, migrações) e o Temporal (namespace, atributos de busca); pode ser repetido.",
    ),
    "check": Listed(
        "starters.cli.check",
        _SERVERS,
        "Diz o que falta para os processos trabalharem: 0 nada, 1 falta algo, 3 um servidor não responde.",
    ),
    "seed": Listed(
        "starters.cli.servers",
        _SERVERS,
        "Planta os clientes de exemplo, com contratos, cobranças, ramais, números e gravações.",
    ),
    "samples": Listed("starters.cli.seen", _SERVERS, "Lista os clientes de exemplo que `seed` planta."),
    "demo": Listed(
        "starters.cli.demo",
        _SERVERS,
        "Mostra cancelamentos completos, de ponta a ponta, em servidores de verdade e com relógio virtual.",
        EMBEDDED,
    ),
    "completion": Listed(
        "starters.cli.completion",
        _INTEGRATION,
        "Escreve o script com que o shell completa comandos e opções.",
    ),
    "schema": Listed(
        "starters.cli.schema",
        _INTEGRATION,
        "Grava os JSON Schemas do contrato e os tipos TypeScript: argumento inicial, sinais, respostas, consultas.",
    ),
}
"""In the order of the list."""
