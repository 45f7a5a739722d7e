"""What the API refuses, in the shapes that Stripe answers with."""

from __future__ import annotations

from stripe_stand_in import Json


class ApiError(Exception):
    """An answer other than 200.

    `keeps_changes`: what was done before the refusal stays done (a declined payment is a fact); otherwise the request
    leaves nothing behind.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        type_: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        decline_code: str | None = None,
        keeps_changes: bool = False,
        more: Json | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.keeps_changes = keeps_changes
        parts = {
            "type": type_,
            "code": code,
            "decline_code": decline_code,
            "message": message,
            "param": param,
            "doc_url": f"https://stripe.com/docs/error-codes/{code.replace('_', '-')}" if code else None,
            **(more or {}),
        }
        self.error: Json = {name: value for name, value in parts.items() if value is not None}

    @property
    def body(self) -> Json:
        return {"error": self.error}


class BadParameters(ApiError):
    """The parameters were refused before anything ran: such an answer is not kept under an idempotency key."""


def missing_parameter(name: str) -> BadParameters:
    return BadParameters(f"Missing required param: {name}.", code="parameter_missing", param=name)


def unknown_parameter(name: str) -> BadParameters:
    message = f"Received unknown parameter: {name}. (The stand-in knows fewer parameters than Stripe.)"
    return BadParameters(message, code="parameter_unknown", param=name)


def invalid(name: str, message: str, code: str | None = None) -> ApiError:
    return ApiError(message, code=code, param=name)


def not_found(what: str, id_: str, param: str = "id") -> ApiError:
    """404 for an id in the path, 400 for one in the parameters."""
    return ApiError(
        f"No such {what}: '{id_}'",
        status=404 if param == "id" else 400,
        code="resource_missing",
        param=param,
    )


def card_error(message: str, code: str, decline_code: str | None, *, keeps: bool, more: Json) -> ApiError:
    return ApiError(
        message,
        status=402,
        type_="card_error",
        code=code,
        decline_code=decline_code,
        keeps_changes=keeps,
        more=more,
    )


def idempotency_error(message: str, status: int = 400, code: str | None = None) -> ApiError:
    return ApiError(message, status=status, type_="idempotency_error", code=code)
