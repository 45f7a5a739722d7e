"""Money as the console writes it."""


def usd(cents: int) -> str:
    """US dollars to the cent; whole dollars without a point: $49, $408.33; a minus sign before what is owed to them."""
    whole, rest = divmod(abs(cents), 100)
    return f"{'−' if cents < 0 else ''}${whole:,}{f'.{rest:02}' if rest else ''}"


def exact(cents: int, currency: str = "usd") -> str:
    """To the cent in every case, for columns of figures: $49.00, 49.00 EUR."""
    figure = f"{abs(cents) // 100:,}.{abs(cents) % 100:02}"
    sign = "−" if cents < 0 else ""
    return f"{sign}${figure}" if currency == "usd" else f"{sign}{figure} {currency.upper()}"
