-- What differs from one kind of product to the next goes into a JSON document. What pages filter by becomes a
-- generated column with an ordinary index: that works on MySQL and MariaDB alike, an index on an expression
-- does not.

ALTER TABLE products
    ADD COLUMN attributes JSON NULL AFTER description;

ALTER TABLE products
    ADD COLUMN brand VARCHAR(80)
        GENERATED ALWAYS AS (JSON_UNQUOTE(JSON_EXTRACT(attributes, '$.brand'))) VIRTUAL
        AFTER attributes;

ALTER TABLE products
    ADD KEY idx_products_brand (brand);
