"""Files that people send: kept by Django's storages, described in the tenant's schema, served by signed URLs.

This room knows rooms and messages by their ids alone: whoever is above it says who may see what. How it works:
docs/subsystems/files.md.
"""
