CREATE TABLE stock_levels (
    warehouse_id SMALLINT UNSIGNED NOT NULL,
    product_id BIGINT UNSIGNED NOT NULL,
    on_hand INT NOT NULL DEFAULT 0,
    reserved INT NOT NULL DEFAULT 0 COMMENT 'promised to orders, still on the shelf',
    available INT GENERATED ALWAYS AS (on_hand - reserved) VIRTUAL,
    PRIMARY KEY (warehouse_id, product_id),
    KEY idx_stock_levels_product (product_id),
    CONSTRAINT fk_stock_levels_product FOREIGN KEY (product_id) REFERENCES products (id),
    CONSTRAINT fk_stock_levels_warehouse FOREIGN KEY (warehouse_id) REFERENCES warehouses (id),
    CONSTRAINT chk_stock_levels_on_hand CHECK (on_hand >= 0),
    CONSTRAINT chk_stock_levels_reserved CHECK (reserved BETWEEN 0 AND on_hand)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
