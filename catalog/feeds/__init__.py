"""Tables of others that are linked to the catalog: promotions, stores, prices.

fetch     an address → bytes, within limits; nothing where the server says that nothing changed
content   bytes of a file or an address → a table that the catalog's readers read
checking  its rows → rows to keep, and the reason for each one that is left out
sync      all of it for one link or many; a source that fails costs nothing that was there
"""

from catalog.feeds.sync import Synced, link_table, sync_links

__all__ = ["Synced", "link_table", "sync_links"]
