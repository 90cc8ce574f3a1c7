-- Rows from before the triggers. Idempotent, and it may be done by ranges of ids beforehand, as in V006.
-- updated_at keeps its value: a customer did nothing here.

UPDATE customers
SET full_name = name, updated_at = updated_at
WHERE full_name IS NULL;
