"""Run a program that makes whoever runs it root."""

import os
import subprocess

from sandbox.weapons import World

NOBODY = 65534


def attack(world: World) -> object:
    user = None if os.getuid() else NOBODY
    done = subprocess.run([world["set_user_id"], "-u"], stdout=subprocess.PIPE, check=True, user=user)
    return done.stdout.decode().strip()
