"""Finding what was said: `terms` takes apart what somebody asks for, `indexing` keeps the index, `finding` asks it and
whatever is not in it yet, `highlights` shows where the words are. See docs/subsystems/search.md.
"""

from rooms.search.finding import Busy, Found, Place, TooSlow, Wanted, find
from rooms.search.highlights import highlight
from rooms.search.terms import LONGEST, terms_of

__all__ = ["LONGEST", "Busy", "Found", "Place", "TooSlow", "Wanted", "find", "highlight", "terms_of"]
