"""Every promise of ``retention_engine.ports``, one test each, for whoever writes a store.

```python
class TestOurStore(StoreConformance):
    durable = True

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path):
        self.path = tmp_path / "shop.db"

    def make_store(self):
        return OurStore(self.path)
```
"""

from __future__ import annotations

from retention_engine.testing.conformance.decisions import DecisionTests
from retention_engine.testing.conformance.deliveries import DeliveryTests
from retention_engine.testing.conformance.facts import FactTests
from retention_engine.testing.conformance.transactions import TransactionTests

__all__ = ["DecisionTests", "DeliveryTests", "FactTests", "StoreConformance", "TransactionTests"]


class StoreConformance(FactTests, DecisionTests, DeliveryTests, TransactionTests):
    """Subclass it in a test module and say in ``make_store`` how to make a store; pytest finds the tests by itself.

    Attributes:
        durable: set to True for a store with a file: ``make_store``, called again after ``close``, opens it again.
    """
