"""What a tenant's visitors see: the hosted chat page, the embeddable widget and its one-line loader."""
