"""Django's database backend, for a server that may die at any moment."""
