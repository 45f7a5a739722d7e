"""Card, invoices and tax ids. Reads and writes at Stripe alone; what changes there comes back as events."""

from typing import Final

from billing.errors import BillingRefused, BillingUnavailable
from billing.gateway import debts, paperwork
from billing.gateway.connection import Missing
from billing.gateway.contracts import contract_of
from billing.gateway.debts import Drawn
from billing.gateway.paperwork import Invoice, TaxId
from billing.models import Subscription

# As Stripe calls them; it knows many more, these are most of the world's trade. The console names them for people.
# With each, what one looks like.
_LOOKS: Final = {
    "eu_vat": "DE123456789",
    "gb_vat": "GB123456789",
    "ch_vat": "CHE-123.456.789 MWST",
    "no_vat": "123456789MVA",
    "us_ein": "12-3456789",
    "ca_bn": "123456789",
    "br_cnpj": "01.234.456/5432-10",
    "au_abn": "12345678912",
    "in_gst": "12ABCDE3456FGZH",
    "jp_trn": "T1234567891123",
    "ae_trn": "123456789012345",
    "sa_vat": "123456789012345",
}
TAX_ID_TYPES: Final = frozenset(_LOOKS)


def portal_url(tenant_id: int, *, return_url: str) -> str:
    """The address of Stripe's Customer Portal: card, address, tax id, invoices, plan. While something is unpaid, or
    invoices come by mail, plans are not switched there: it cannot ask for our reasons. Raises BillingRefused."""
    customer = _customer(tenant_id)
    contract = contract_of(customer)
    plans = contract is not None and not contract.debts and contract.collection_method != "send_invoice"
    return paperwork.portal_page(customer, return_url, plans=plans)


def pay_url(tenant_id: int) -> str | None:
    """The page on which the oldest open invoice can be paid, or None."""
    found = paperwork.open_invoice(_customer(tenant_id))
    return found.page_url or None if found else None


def invoices(tenant_id: int, most: int = 24) -> list[Invoice]:
    """The newest invoices; none for a tenant that never bought anything. Raises BillingUnavailable."""
    customer = _known_customer(tenant_id)
    return paperwork.invoices_of(customer, most) if customer else []


def drawn_up(tenant_id: int) -> tuple[Drawn, ...]:
    """What is no invoice yet, and becomes one within the hour whatever is changed meanwhile; at once where the plan
    ends at once. Raises BillingUnavailable."""
    bought = Subscription.objects.filter(tenant_id=tenant_id).first()
    if bought is None or not bought.running:
        return ()
    return debts.drawn_up(bought.subscription_id, bought.now)


def tax_ids(tenant_id: int) -> list[TaxId]:
    """The tax ids that stand on invoices. Raises BillingUnavailable."""
    customer = _known_customer(tenant_id)
    return paperwork.tax_ids_of(customer) if customer else []


def set_tax_id(tenant_id: int, type_: str, value: str) -> TaxId:
    """Put a tax id on future invoices, such as `eu_vat` DE123456789, however it is spaced and cased. Raises
    BillingRefused for a type that we do not offer, and for a value that cannot be."""
    if type_ not in TAX_ID_TYPES:
        raise BillingRefused("There is no such kind of tax id here.")
    tidy = (" " if " " in _LOOKS[type_] else "").join(value.upper().split())
    if not tidy:
        raise BillingRefused(f"A tax id is missing. One looks like {_LOOKS[type_]}.")
    customer = _customer(tenant_id)
    for known in paperwork.tax_ids_of(customer):
        if known.type == type_ and _bare(known.value) == _bare(tidy):
            return known
    try:
        return paperwork.add_tax_id(customer, type_, tidy)
    except BillingUnavailable:
        raise
    except BillingRefused:
        raise BillingRefused(f"“{tidy}” is no such number. One looks like {_LOOKS[type_]}.") from None


def remove_tax_id(tenant_id: int, tax_id: str) -> None:
    """Take one away; harmless where it is gone. Another tenant's is unknown here."""
    try:
        paperwork.drop_tax_id(_customer(tenant_id), tax_id)
    except Missing:
        raise BillingRefused("There is no such tax id.") from None


def _bare(value: str) -> str:
    return "".join(filter(str.isalnum, value))


def _known_customer(tenant_id: int) -> str | None:
    return Subscription.objects.filter(tenant_id=tenant_id).values_list("customer_id", flat=True).first()


def _customer(tenant_id: int) -> str:
    customer = _known_customer(tenant_id)
    if customer is None:
        raise BillingRefused("Nothing was bought here yet, so there is nothing to settle.")
    return customer
