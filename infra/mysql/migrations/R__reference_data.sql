-- The rows that the code relies on, as they must be now. V002 brought the first of them; a database that was
-- booted from baseline.sql never runs V002, but it does run repeatable migrations. So the rows live here, and
-- a new status or currency is an edit of this file. Rows that have left the list are not deleted: old orders
-- name them.
--
-- VALUES() is the one form of an upsert that both MySQL and MariaDB understand.

INSERT INTO currencies (code, name, minor_units) VALUES
    ('CHF', 'Swiss franc', 2),
    ('EUR', 'Euro', 2),
    ('GBP', 'Pound sterling', 2),
    ('JPY', 'Yen', 0),
    ('SEK', 'Swedish krona', 2),
    ('USD', 'US dollar', 2)
ON DUPLICATE KEY UPDATE
    name = VALUES(name),
    minor_units = VALUES(minor_units);

INSERT INTO order_statuses (code, name, position, is_final) VALUES
    ('pending', 'Waiting for payment', 1, 0),
    ('paid', 'Paid', 2, 0),
    ('packed', 'Packed', 3, 0),
    ('shipped', 'On its way', 4, 0),
    ('delivered', 'Delivered', 5, 1),
    ('cancelled', 'Cancelled', 6, 1),
    ('refunded', 'Refunded', 7, 1)
ON DUPLICATE KEY UPDATE
    name = VALUES(name),
    position = VALUES(position),
    is_final = VALUES(is_final);
