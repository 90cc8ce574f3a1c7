-- The article number is unique, so the slug made from it is too; editors replace it by words later.
--
-- Idempotent: it touches only rows that still lack a value, so it may be interrupted and run again. On a
-- large table, fill ranges of ids by hand before the release (... AND id BETWEEN 1 AND 10000), each range a
-- short transaction of its own. This statement then finds nothing left to do.

UPDATE products
SET slug = LOWER(CONCAT('p-', sku))
WHERE slug IS NULL;
