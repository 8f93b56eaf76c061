"""Become a program that always ends well."""

import os
import shutil

program = shutil.which("true") or "/usr/bin/true"
os.execv(program, [program])
