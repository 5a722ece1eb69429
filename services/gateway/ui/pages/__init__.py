"""A module a page: read the API, render a template; take a form, write to the API. Imported by ``screens``."""
