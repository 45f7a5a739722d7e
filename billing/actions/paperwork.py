"""Card, invoices and tax ids. Reads and writes at Stripe alone; what changes there comes back as events."""

from typing import Final

from billing.errors import BillingRefused
from billing.gateway import paperwork
from billing.gateway.connection import Missing
from billing.gateway.paperwork import Invoice, TaxId
from billing.models import Subscription

# As Stripe calls them; it knows many more, these are most of the world's trade. The console names them for people.
TAX_ID_TYPES: Final = frozenset(
    "eu_vat gb_vat ch_vat no_vat us_ein ca_bn br_cnpj au_abn in_gst jp_trn ae_trn sa_vat".split()
)


def portal_url(tenant_id: int, *, return_url: str) -> str:
    """The address of Stripe's Customer Portal: card, address, tax id, invoices, plan. Raises BillingRefused."""
    return paperwork.portal_page(_customer(tenant_id), return_url)


def pay_url(tenant_id: int) -> str | None:
    """The page on which the oldest open invoice can be paid, or None."""
    found = paperwork.open_invoice(_customer(tenant_id))
    return found.page_url or None if found else None


def invoices(tenant_id: int, most: int = 24) -> list[Invoice]:
    """The newest invoices; none for a tenant that never bought anything. Raises BillingUnavailable."""
    customer = _known_customer(tenant_id)
    return paperwork.invoices_of(customer, most) if customer else []


def tax_ids(tenant_id: int) -> list[TaxId]:
    """The tax ids that stand on invoices. Raises BillingUnavailable."""
    customer = _known_customer(tenant_id)
    return paperwork.tax_ids_of(customer) if customer else []


def set_tax_id(tenant_id: int, type_: str, value: str) -> TaxId:
    """Put a tax id on future invoices, such as `eu_vat` DE123456789. Raises BillingRefused for a type that
    we do not offer, and with Stripe's sentence for a value that cannot be."""
    if type_ not in TAX_ID_TYPES:
        raise BillingRefused("There is no such kind of tax id here.")
    return paperwork.add_tax_id(_customer(tenant_id), type_, value)


def remove_tax_id(tenant_id: int, tax_id: str) -> None:
    """Take one away; harmless where it is gone. Another tenant's is unknown here."""
    try:
        paperwork.drop_tax_id(_customer(tenant_id), tax_id)
    except Missing:
        raise BillingRefused("There is no such tax id.") from None


def _known_customer(tenant_id: int) -> str | None:
    return Subscription.objects.filter(tenant_id=tenant_id).values_list("customer_id", flat=True).first()


def _customer(tenant_id: int) -> str:
    customer = _known_customer(tenant_id)
    if customer is None:
        raise BillingRefused("Nothing was bought here yet, so there is nothing to settle.")
    return customer
