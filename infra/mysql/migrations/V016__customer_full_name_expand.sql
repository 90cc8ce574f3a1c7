-- Rename customers.name to full_name without a moment at which the running release is wrong. A plain RENAME
-- COLUMN breaks whatever still reads the old name, so the rename takes three migrations and a release between
-- each: expand (this one), backfill (V017), contract (V018).
--
-- Expand: both columns exist and agree. Old releases write name, new ones write full_name; triggers copy.
-- The old column gets a default, because a new release no longer mentions it.

ALTER TABLE customers
    ADD COLUMN full_name VARCHAR(160) NULL AFTER email,
    ALTER COLUMN name SET DEFAULT '';

DELIMITER $$

CREATE TRIGGER customers_sync_name_insert
BEFORE INSERT ON customers
FOR EACH ROW
BEGIN
    IF NEW.full_name IS NULL THEN
        SET NEW.full_name = NEW.name;
    ELSE
        SET NEW.name = NEW.full_name;
    END IF;
END$$

CREATE TRIGGER customers_sync_name_update
BEFORE UPDATE ON customers
FOR EACH ROW
BEGIN
    IF NOT (NEW.full_name <=> OLD.full_name) THEN
        SET NEW.name = COALESCE(NEW.full_name, '');
    ELSEIF NEW.name <> OLD.name THEN
        SET NEW.full_name = NEW.name;
    END IF;
END$$

DELIMITER ;
