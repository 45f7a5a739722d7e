"""What happens between objects: prices into amounts, periods into invoices, invoices into payments."""
