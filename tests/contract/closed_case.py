"""Customer 1042's case `case-a`, closed: something of everything in the records."""

import hashlib
from datetime import date, timedelta
from decimal import Decimal

from cancellation.adapters.postgres.billing import PostgresBilling
from cancellation.adapters.postgres.crm import PostgresCrm
from cancellation.adapters.postgres.inbox import PostgresInbox
from cancellation.adapters.postgres.pool import Pool
from cancellation.adapters.postgres.telephony import PostgresTelephony
from cancellation.domain.values import PortStatus
from cancellation.messages.billing import BillingClosure, BillingEndPlan
from cancellation.messages.dkim import SigningKey
from cancellation.messages.seed import SubscriptionSeed
from cancellation.messages.telephony import Shutdown
from samples import sample_email
from tests.contract import cases
from tests.contract.telephony_suite import port, seed

RAW = sample_email("acme-gmail-completo", received_at=cases.RECEIVED)
SHA256 = hashlib.sha256(RAW).hexdigest()
KEY = SigningKey(
    domain="acme.com.br", selector="s2026", record="v=DKIM1; p=AAAA", looked_up_at=cases.RECEIVED
)
UNRELATED = b"Subject: Outra coisa\r\n\r\nNada"
UNRELATED_SHA256 = hashlib.sha256(UNRELATED).hexdigest()
ADD_LINK = """
insert into recordings.links (link_id, case_id, customer_id, ordinal, archive_path, download_name, files, size, sha256,
    token_hash, made_at, expires_at)
values ('link-a', 'case-a', '1042', 1, 'x', 'gravacoes.zip', 3, 900, repeat('ab', 32), repeat('cd', 32), $1, $2)
"""
ADD_ACCESS = """
insert into recordings.accesses (case_id, link_id, at, address, kind, bytes)
values ('case-a', 'link-a', $1, '203.0.113.7', 'file', 900)
"""
ADD_LETTER = """
with letter as (
    insert into notification.outbox (key, case_id, kind, audience, message_id, subject, content, content_is_whole,
        written_at, status, settled_at, told)
    values ('k1', 'case-a', 'script', 'customer', '<l1@nuvemjti.com.br>', 'Roteiro', 'Subject: Roteiro', true, $1,
        'sent', $1, '{"last_day": "2026-12-22", "total": "0.00"}')
)
insert into notification.recipients (key, place, address, status, reply, settled_at)
values ('k1', 1, 'rita@acme.com.br', 'sent', null, $1), ('k1', 2, 'caio@acme.com.br', 'refused', '550 não existe', $1)
"""
ADD_DELIVERY = """
insert into inbox.messages (id, sha256, message_id, content_sha256, reported_as, received_at, envelope, source, action,
    fate, why, handled_at)
values ($1, $2, '<pedido@acme.com.br>', $2, $3, $4, '{financeiro@nuvemjti.com.br}', 'smtp', 'report', 'reported',
    '[]', $4)
"""


async def put(pool: Pool) -> None:
    """Lead the case to its end, by the adapters where they can."""
    crm, telephony, billing = PostgresCrm(pool), PostgresTelephony(pool), PostgresBilling(pool)
    customer = seed(
        subscriptions=(
            SubscriptionSeed(
                subscription_id="pabx", description="PABX", monthly=Decimal(310), started_on=date(2026, 12, 1)
            ),
        )
    )
    await crm.provision(customer)
    await telephony.provision(customer)
    await billing.provision(customer)
    await crm.keep_original(RAW, cases.RECEIVED)
    other = await crm.keep_original(UNRELATED, cases.RECEIVED)
    await pool.execute(ADD_DELIVERY, "d1", SHA256, "<pedido@acme.com.br>", cases.RECEIVED)
    await pool.execute(
        ADD_DELIVERY, "d2", SHA256, "<pedido@acme.com.br>", cases.RECEIVED + timedelta(hours=1)
    )
    await pool.execute(ADD_DELIVERY, "d3", other.sha256, "<outra@acme.com.br>", cases.RECEIVED)
    await PostgresInbox(pool).keep_keys(SHA256, [KEY])
    await crm.open_case(cases.opening())
    told = cases.mail(original_sha256=SHA256, original_ref=f"crm:original/{SHA256}")
    await crm.record(
        cases.record(
            stage="notice",
            trail=(*cases.trail(1, 2), cases.entry(3, message_id="<pedido@acme.com.br>")),
            formalization=cases.formalization(told),
        )
    )
    state = await crm.formalization("case-a")
    assert state is not None
    await telephony.record_port(port(PortStatus.REQUESTED))
    await pool.execute(ADD_LETTER, cases.OPENED)
    await pool.execute(ADD_LINK, cases.RECEIVED, cases.ENDS)
    await pool.execute(ADD_ACCESS, cases.RECEIVED)
    warrant = cases.warrant(state)
    await billing.plan_end(
        BillingEndPlan(case_id="case-a", customer_id="1042", last_day=state.last_day, at=cases.RECEIVED)
    )
    await telephony.deactivate(Shutdown(warrant=warrant))
    await telephony.release(Shutdown(warrant=warrant))
    await billing.close(BillingClosure(warrant=warrant, last_day=state.last_day))
    await crm.record(
        cases.record(minutes=60 * 24 * 31, stage="closed", trail=(cases.entry(4),), outcome="closed")
    )
