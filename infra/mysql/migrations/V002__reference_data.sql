-- The first currencies and order statuses. Only reference data lives in migrations, never customers or
-- products. In a file of its own, because rows can be rolled back and tables cannot.

INSERT INTO currencies (code, name, minor_units) VALUES
    ('CHF', 'Swiss franc', 2),
    ('EUR', 'Euro', 2),
    ('GBP', 'Pound sterling', 2),
    ('JPY', 'Yen', 0),
    ('SEK', 'Swedish krona', 2),
    ('USD', 'US dollar', 2);

INSERT INTO order_statuses (code, name, position, is_final) VALUES
    ('pending', 'Waiting for payment', 1, 0),
    ('paid', 'Paid', 2, 0),
    ('packed', 'Packed', 3, 0),
    ('shipped', 'On its way', 4, 0),
    ('delivered', 'Delivered', 5, 1),
    ('cancelled', 'Cancelled', 6, 1),
    ('refunded', 'Refunded', 7, 1);
