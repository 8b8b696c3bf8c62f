"""The demo shop: invented goods of a convenience store, photographed, promoted and sold nearby.

assortment   which goods there are: brand, kind, flavour, colours, price
package      the drawn package of one
photo        the package as a phone might take it, on a shelf, turned, dim, cut off
write        catalog.csv, promotions.csv, stores.csv, and photographs that the catalog lacks
"""

from catalog.demo.goods.assortment import Good, assortment
from catalog.demo.goods.write import draw_goods

__all__ = ["Good", "assortment", "draw_goods"]
