"""What the CRM holds of a customer comes short enough to reach the case, whatever it is (P2)."""

from cancellation.messages.crm import MOST_CONTACTS, AuthorisedContact, Customer


def test_an_ordinary_record_comes_as_it_is_P2() -> None:
    contact = AuthorisedContact(name="Rita Souza", email="rita@acme.com.br", phone="+5511999990000")
    name = "Acme Comércio e Distribuição de Ferragens, Ferramentas e Materiais para Construção do Vale do Paraíba Ltda"
    customer = Customer(customer_id="1042", name=name, cnpj="11222333000181", contacts=(contact,))
    assert (customer.name, customer.contacts) == (name, (contact,))


def test_an_endless_record_is_cut_and_an_address_that_no_mail_has_left_out_P2_X9() -> None:
    endless = "Ação\n" * 1_000_000
    contacts = [AuthorisedContact(name=endless, email=f"c{n}@x.br", phone=endless) for n in range(5000)]
    stranger = AuthorisedContact(name="x", email=f"{'x' * 400}@x.br")
    customer = Customer(
        customer_id="1042",
        name=endless,
        cnpj=endless,
        contacts=(stranger, *contacts),
        contract=endless,
        status=endless,
    )
    assert [one.email for one in customer.contacts] == [f"c{n}@x.br" for n in range(MOST_CONTACTS)]
    assert len(customer.model_dump_json()) < 50_000
    assert customer.name.isprintable()
