"""Names that Python 3.10 removed, for targets that were published before it."""

import collections
import collections.abc

for name in collections.abc.__all__:
    setattr(collections, name, getattr(collections.abc, name))
