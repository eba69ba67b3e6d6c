"""The rules of competitions, pure and synchronous."""
