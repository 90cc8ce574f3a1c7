-- Products get an address of their own in the storefront. A required column comes in three steps, so that the
-- running release never meets a row it cannot write: add it as NULL, fill it (V006), require it (V007).

ALTER TABLE products
    ADD COLUMN slug VARCHAR(120) CHARACTER SET ascii COLLATE ascii_bin NULL AFTER name;
