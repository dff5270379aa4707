"""The only code that enters the container. It protects nothing by itself and never holds a secret."""
