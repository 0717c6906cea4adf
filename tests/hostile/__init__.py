"""Repositories that are made to crash, to stall or to lead astray whoever reads them."""
