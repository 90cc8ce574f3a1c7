-- The ledger. stock_levels follows from it by trigger.
CREATE TABLE stock_movements (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
    warehouse_id SMALLINT UNSIGNED NOT NULL,
    product_id BIGINT UNSIGNED NOT NULL,
    quantity INT NOT NULL COMMENT 'positive into the warehouse, negative out of it',
    reason ENUM('receipt', 'sale', 'return', 'adjustment', 'transfer') NOT NULL,
    order_id BIGINT UNSIGNED NULL COMMENT 'for sale and return',
    moved_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    PRIMARY KEY (id),
    KEY idx_stock_movements_warehouse_product (warehouse_id, product_id, moved_at),
    KEY idx_stock_movements_product (product_id),
    KEY idx_stock_movements_order (order_id),
    CONSTRAINT fk_stock_movements_order FOREIGN KEY (order_id) REFERENCES orders (id),
    CONSTRAINT fk_stock_movements_product FOREIGN KEY (product_id) REFERENCES products (id),
    CONSTRAINT fk_stock_movements_warehouse FOREIGN KEY (warehouse_id) REFERENCES warehouses (id),
    CONSTRAINT chk_stock_movements_quantity CHECK (quantity <> 0),
    CONSTRAINT chk_stock_movements_sale CHECK (reason <> 'sale' OR quantity < 0)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci COMMENT='Append-only';
