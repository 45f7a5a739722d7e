"""Products."""

from __future__ import annotations

from typing import Final

from stripe_stand_in import Json
from stripe_stand_in.account import Account
from stripe_stand_in.errors import ApiError
from stripe_stand_in.lists import matching, page
from stripe_stand_in.parameters import (
    Call,
    Reader,
    boolean,
    listing,
    many,
    metadata,
    shape,
    text,
    time_filter,
    unset_or,
    with_metadata,
)
from stripe_stand_in.routing import Route

_FIELDS: Final[dict[str, Reader]] = {
    "active": boolean,
    "description": text,
    "images": unset_or(many(text)),
    "marketing_features": unset_or(many(shape("name", name=text))),
    "metadata": metadata,
    "name": text,
    "statement_descriptor": text,
    "tax_code": text,
    "unit_label": text,
    "url": text,
}
CREATE: Final = shape("name", id=text, **_FIELDS)
UPDATE: Final = shape(default_price=text, **_FIELDS)


def make(account: Account, given: Json) -> Json:
    product = account.new("product", "prod", length=14)
    product |= {
        "active": True,
        "default_price": None,
        "description": None,
        "images": [],
        "marketing_features": [],
        "metadata": {},
        "name": given["name"],
        "package_dimensions": None,
        "shippable": None,
        "statement_descriptor": None,
        "tax_code": None,
        "tax_details": None,
        "type": "service",
        "unit_label": None,
        "updated": product["created"],
        "url": None,
    }
    if given.get("id"):
        if account.storage.find(given["id"]):
            raise ApiError("Product already exists.", code="resource_already_exists", param="id")
        product["id"] = given["id"]
    _fill(account, product, given)
    return account.add(product, "product.created")


def _fill(account: Account, product: Json, given: Json) -> None:
    for name in ("active", "description", "name", "statement_descriptor", "tax_code", "unit_label", "url"):
        if name in given:
            product[name] = given[name]
    for name in ("images", "marketing_features"):
        if name in given:
            product[name] = given[name] or []
    if given.get("default_price"):
        price = account.get("price", given["default_price"], "default_price")
        product["default_price"] = price["id"]
    with_metadata(product, given.get("metadata"))


def create(account: Account, call: Call) -> Json:
    return make(account, call.params)


def retrieve(account: Account, call: Call) -> Json:
    return account.get("product", call.id)


def update(account: Account, call: Call) -> Json:
    product = account.get("product", call.id)
    _fill(account, product, call.params)
    product["updated"] = account.now()
    return account.save(product, "product.updated")


def delete(account: Account, call: Call) -> Json:
    product = account.get("product", call.id)
    if any(price["product"] == product["id"] for price in account.storage.all("price")):
        raise ApiError("This product cannot be deleted because it has one or more user-created prices.")
    return account.delete(product, "product.deleted")


def list_(account: Account, call: Call) -> Json:
    products = account.storage.all("product")
    if "ids" in call.params:
        products = [one for one in products if one["id"] in call.params["ids"]]
    return page(call, matching(call, products, "active", "created", "url"))


ROUTES: Final = (
    Route("POST", "/v1/products", create, CREATE, "ProductCreateParams"),
    Route("GET", "/v1/products/{}", retrieve),
    Route("POST", "/v1/products/{}", update, UPDATE, "ProductUpdateParams"),
    Route("DELETE", "/v1/products/{}", delete),
    Route(
        "GET",
        "/v1/products",
        list_,
        listing(active=boolean, created=time_filter, ids=many(text), url=text),
        "ProductListParams",
    ),
)
