"""What runs on the other side: the zygote, the trusted first process of a jail, and the candidate's own.

These modules need the standard library only. `zygotes` carries them as text into an interpreter that has nothing else,
so that neither our package nor anything beside it can be found in there.
"""
