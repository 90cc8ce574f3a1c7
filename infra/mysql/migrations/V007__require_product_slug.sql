-- Every row has a slug now. If one slipped in without, this fails and changes nothing: run V006 again.

-- infra:allow lint/set-not-null: V006 filled it, and releases since V005 write it
ALTER TABLE products
    MODIFY COLUMN slug VARCHAR(120) CHARACTER SET ascii COLLATE ascii_bin NOT NULL AFTER name,
    ADD UNIQUE KEY uq_products_slug (slug);
