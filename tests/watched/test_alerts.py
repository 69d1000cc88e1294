"""Every alert: quiet while all is well, patient for as long as it says, then firing; by Prometheus's own tool."""

import re
import subprocess
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.watched.prometheus import program

CHECKOUT = Path(__file__).parents[2]
RULES = CHECKOUT / "deploy" / "alerts.yml"
GROUPS = yaml.safe_load(RULES.read_text())["groups"]
ALERTS: dict[str, dict[str, Any]] = {rule["alert"]: rule for group in GROUPS for rule in group["rules"]}

BOUNDED = {
    "audience",
    "failure_reason",
    "instance",
    "job",
    "kind",
    "mailbox",
    "of",
    "queue",
    "volume",
    "way",
    "work",
}
"""Labels with few values, which are all known."""
WELL = 65
"""Minutes in which all is well."""
DAY = 86_400


@dataclass(frozen=True)
class Trouble:
    """Series before and while something is wrong, in the words of promtool; `{n}` is how often a value is repeated."""

    series: dict[str, tuple[str, str]]
    firing: int = 1
    """How many alerts of the name there are then."""


def gauge(name: str, well: float, wrong: float) -> Trouble:
    return Trouble({name: (f"{well}x{{n}}", f"{wrong}x{{n}}")})


TROUBLES = {
    "CasosTravados": gauge("cancelamento_wedged_executions", 0, 2),
    "TarefasFalhando": Trouble(
        {'temporal_workflow_task_execution_failed{failure_reason="WorkflowError"}': ("0x{n}", "0+1x{n}")}
    ),
    "AvisoVencidoSemEncerrar": gauge("cancelamento_late_ends", 0, 1),
    "TrabalhoParado": gauge('cancelamento_stuck_work{work="close_billing"}', 0, 1),
    "TrabalhoParadoHaMuito": gauge("cancelamento_oldest_stuck_work_seconds", DAY - 1, DAY + 1),
    "ProcessoForaDoAr": gauge('up{job="desk"}', 1, 0),
    "MonitorAusente": Trouble({'up{job="monitor"}': ("1x{n}", "stale _x{n}")}),
    "SemWorkers": gauge('cancelamento_queue_pollers{queue="cancellations", kind="workflow"}', 3, 0),
    "FilaParada": gauge('cancelamento_queue_backlog_age_seconds{queue="cancellations", kind="activity"}', 5, 200),
    "PaginasFalhando": Trouble(
        {'cancelamento_http_requests_total{job="desk", page="/", code="500"}': ("3x{n}", "3+1x{n}")}
    ),
    "BancoForaDoAr": gauge('cancelamento_answers{job="monitor", need="database"}', 1, 0),
    "TemporalForaDoAr": gauge('cancelamento_answers{job="monitor", need="temporal"}', 1, 0),
    "GravacoesForaDoAr": gauge('cancelamento_answers{job="gateway", need="store"}', 1, 0),
    "DiscoEnchendo": Trouble(
        {
            'cancelamento_disk_free_bytes{volume="postgres"}': ("16x{n}", "14x{n}"),
            'cancelamento_disk_bytes{volume="postgres"}': ("100x{n}", "100x{n}"),
        }
    ),
    "DiscoQuaseCheio": Trouble(
        {
            'cancelamento_disk_free_bytes{volume="postgres"}': ("6x{n}", "4x{n}"),
            'cancelamento_disk_bytes{volume="postgres"}': ("100x{n}", "100x{n}"),
        }
    ),
    "ConexoesNoFim": Trouble(
        {
            "cancelamento_database_connections": ("89x{n}", "91x{n}"),
            "cancelamento_database_most_connections": ("100x{n}", "100x{n}"),
        }
    ),
    "CertificadoVencendo": gauge(
        'cancelamento_certificate_expires_timestamp_seconds{of="desk"}', 20 * DAY, 13 * DAY
    ),
    "CertificadoNoFim": gauge(
        'cancelamento_certificate_expires_timestamp_seconds{of="desk"}', 4 * DAY, 2 * DAY
    ),
    "ComercialSemSaber": gauge('cancelamento_outbox_oldest_seconds{audience="commercial"}', 299, 301),
    "MensagensParadas": gauge('cancelamento_outbox_oldest_seconds{audience="customer"}', 1799, 1801),
    "MensagensRecusadas": Trouble(
        {
            'cancelamento_letters_total{audience="customer", result="refused"}': ("0x{n}", "0+1x{n}"),
            'cancelamento_letters_total{audience="customer", result="sent"}': ("0+1x{n}", f"{WELL}x{{n}}"),
        }
    ),
    "CaixaNaoLida": Trouble(
        {'cancelamento_mailbox_read_timestamp_seconds{mailbox="1"}': ("0+60x{n}", f"{WELL * 60}x{{n}}")}
    ),
    "EmailsNaoTomados": Trouble(
        {'cancelamento_mail_deliveries_total{way="listener", result="failed"}': ("0x{n}", "0+1x{n}")}
    ),
    "EmailsNaoTratados": gauge("cancelamento_mails_unhandled_oldest_seconds", 899, 901),
    "CobrancasIndevidas": Trouble(
        {'cancelamento_undue_charges_total{done="voided"}': ("0x{n}", "0+1x{n}")}
    ),
    "ConferenciaParada": gauge("cancelamento_reconciled_seconds", 36 * 3600, 36 * 3600 + 1),
    "EmailsSemDecisao": gauge('cancelamento_oldest_undecided_mail_seconds{of="case"}', 2 * DAY - 1, 2 * DAY + 1),
}  # fmt: skip
LATE = {
    # Ten charges, one a minute.
    "CobrancasIndevidas": 12,
    "CaixaNaoLida": 15,
    # Half of an hour's letters must have gone wrong.
    "MensagensRecusadas": 31,
}
"""Minutes until the condition itself holds, where that takes more than one."""


def minutes(told: str) -> int:
    number, unit = re.fullmatch(r"(\d+)([smh])", told or "0m").groups()  # type: ignore[union-attr]
    return int(
        timedelta(**{{"s": "seconds", "m": "minutes", "h": "hours"}[unit]: int(number)}).total_seconds() // 60
    )


def promtool(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [program("promtool"), *arguments], capture_output=True, text=True, check=False, timeout=60
    )


def test_every_alert_is_tried() -> None:
    assert TROUBLES.keys() == ALERTS.keys()


def test_prometheus_takes_the_rules_and_its_own_file(tmp_path: Path) -> None:
    for file in ("alerts.yml", "prometheus.yml"):
        (tmp_path / file).write_text((CHECKOUT / "deploy" / file).read_text())
    done = promtool("check", "config", "--lint=all", "--lint-fatal", str(tmp_path / "prometheus.yml"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(ALERTS)} rules found" in done.stdout


@pytest.mark.long
def test_every_alert_is_quiet_then_patient_then_fires(tmp_path: Path) -> None:
    tests = []
    for name, trouble in TROUBLES.items():
        patience = minutes(ALERTS[name].get("for", "0m"))
        begins = WELL + LATE.get(name, 1)
        # One that waits for nothing fires with the condition.
        moments = [(WELL - 1, 0), (begins + patience + 6, trouble.firing)]
        moments += [(begins + patience - 1, 0)] if patience > 1 else []
        series = [
            {"series": one, "values": f"{well.format(n=WELL)} {wrong.format(n=90)}"}
            for one, (well, wrong) in trouble.series.items()
        ]
        count = f'count(ALERTS{{alertname="{name}", alertstate="firing"}}) or vector(0)'
        tests.append(
            {
                "interval": "1m",
                "name": name,
                "input_series": series,
                "promql_expr_test": [
                    {"expr": count, "eval_time": f"{at}m", "exp_samples": [{"labels": "{}", "value": value}]}
                    for at, value in moments
                ],
            }
        )
    file = tmp_path / "tests.yml"
    file.write_text(yaml.safe_dump({"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": tests}))
    done = promtool("test", "rules", str(file))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", ALERTS)
def test_every_alert_says_what_to_do_in_words_and_by_a_page(name: str) -> None:
    rule = ALERTS[name]
    assert rule["labels"].keys() == {"severity"}
    assert rule["labels"]["severity"] in ("critical", "warning")
    assert rule["annotations"].keys() == {"summary", "runbook"}
    page = CHECKOUT / rule["annotations"]["runbook"]
    assert page.is_file()
    assert f"`{name}`" in page.read_text(), f"{page.name} does not say that {name} leads to it"


def test_no_alert_shows_what_an_unbounded_label_would_hold() -> None:
    shown = set(re.findall(r"\$labels\.(\w+)", RULES.read_text()))
    assert shown <= BOUNDED
