-- Stock as a ledger. Services insert movements and nothing else; a trigger keeps the level of each warehouse,
-- and CHECK constraints refuse a movement that would take out more than there is.

CREATE TABLE warehouses (
    id SMALLINT UNSIGNED NOT NULL AUTO_INCREMENT,
    code VARCHAR(10) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    name VARCHAR(100) NOT NULL,
    PRIMARY KEY (id),
    UNIQUE KEY uq_warehouses_code (code)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

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

CREATE TABLE stock_movements (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
    warehouse_id SMALLINT UNSIGNED NOT NULL,
    product_id BIGINT UNSIGNED NOT NULL,
    quantity INT NOT NULL COMMENT 'positive into the warehouse, negative out of it',
    reason ENUM('receipt', 'sale', 'return', 'adjustment') NOT NULL,
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

-- A body with several statements holds semicolons of its own, so the end mark changes around it. The stock
-- clients, Flyway and infra all understand DELIMITER; the server never sees it. Comments stand before a body
-- and not inside, because some clients remove them and the stored bodies would differ.

-- The row is made before the update: on an upsert the servers check the row to be inserted, and would refuse
-- an outgoing movement although the sum is fine. A sale uses up what was reserved for it.
DELIMITER $$

CREATE TRIGGER stock_movements_apply
AFTER INSERT ON stock_movements
FOR EACH ROW
BEGIN
    INSERT INTO stock_levels (warehouse_id, product_id, on_hand)
    VALUES (NEW.warehouse_id, NEW.product_id, 0)
    ON DUPLICATE KEY UPDATE on_hand = on_hand;

    UPDATE stock_levels
    SET on_hand = on_hand + NEW.quantity,
        reserved = reserved - IF(NEW.reason = 'sale', LEAST(reserved, -NEW.quantity), 0)
    WHERE warehouse_id = NEW.warehouse_id AND product_id = NEW.product_id;
END$$

CREATE TRIGGER stock_movements_refuse_update
BEFORE UPDATE ON stock_movements
FOR EACH ROW
BEGIN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'stock_movements is append-only: insert an adjustment';
END$$

CREATE TRIGGER stock_movements_refuse_delete
BEFORE DELETE ON stock_movements
FOR EACH ROW
BEGIN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'stock_movements is append-only: insert an adjustment';
END$$

DELIMITER ;

-- SQL SECURITY INVOKER: a view or routine works with the rights of whoever uses it, and goes on working when
-- the account that ran the migration is gone.
CREATE SQL SECURITY INVOKER VIEW product_availability AS
SELECT
    p.id AS product_id,
    p.sku AS sku,
    COALESCE(SUM(l.available), 0) AS available
FROM products p
LEFT JOIN stock_levels l ON l.product_id = p.id
GROUP BY p.id, p.sku;
