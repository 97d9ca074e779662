"""``retention-engine segment``: who a predicate holds for, asked customer by customer or as one SQL query."""
