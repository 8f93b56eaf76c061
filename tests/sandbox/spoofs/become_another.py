"""Become a program that ends well."""

import os
import sys

os.execv(sys.executable, [sys.executable, "-S", "-c", ""])
