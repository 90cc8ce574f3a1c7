-- The whole schema in one script, for an empty database. Generated from the files beside it
-- by: infra baseline build. Do not edit.
-- version: 022
-- content: sha256:b6fcfc3bbcbc316d801f909dabe37c82c90a2bc2f414fda72a01b29543cd480d
-- tool: infra 0.1.0

SET @infra_character_set_client = @@character_set_client,
    @infra_character_set_results = @@character_set_results,
    @infra_collation_connection = @@collation_connection,
    @infra_sql_mode = @@sql_mode,
    @infra_time_zone = @@time_zone;
SET NAMES utf8mb4;
SET sql_mode = 'ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION',
    time_zone = '+00:00';

-- tables

CREATE TABLE addresses (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
    customer_id BIGINT UNSIGNED NOT NULL,
    recipient VARCHAR(160) NOT NULL,
    line1 VARCHAR(160) NOT NULL,
    line2 VARCHAR(160) NULL,
    postal_code VARCHAR(16) NOT NULL,
    city VARCHAR(100) NOT NULL,
    country_code CHAR(2) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'ISO 3166-1 alpha-2',
    created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    PRIMARY KEY (id),
    KEY idx_addresses_customer (customer_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE customers (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
    email VARCHAR(254) NOT NULL,
    full_name VARCHAR(160) NOT NULL,
    phone VARCHAR(32) NULL,
    default_address_id BIGINT UNSIGNED NULL,
    created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    updated_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
    PRIMARY KEY (id),
    UNIQUE KEY uq_customers_email (email),
    KEY idx_customers_default_address (default_address_id),
    CONSTRAINT fk_customers_default_address
        FOREIGN KEY (default_address_id) REFERENCES addresses (id) ON DELETE SET NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE carts (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
    token CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT (UUID()) COMMENT 'in the cookie',
    customer_id BIGINT UNSIGNED NULL COMMENT 'NULL until the visitor signs in',
    created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    updated_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
    PRIMARY KEY (id),
    UNIQUE KEY uq_carts_token (token),
    KEY idx_carts_customer (customer_id),
    KEY idx_carts_updated (updated_at),
    CONSTRAINT fk_carts_customer FOREIGN KEY (customer_id) REFERENCES customers (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE categories (
    id INT UNSIGNED NOT NULL AUTO_INCREMENT,
    parent_id INT UNSIGNED NULL COMMENT 'NULL for a top category',
    name VARCHAR(100) NOT NULL,
    PRIMARY KEY (id),
    UNIQUE KEY uq_categories_parent_name (parent_id, name),
    CONSTRAINT fk_categories_parent FOREIGN KEY (parent_id) REFERENCES categories (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE coupons (
    code VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    description VARCHAR(200) NOT NULL,
    percent_off TINYINT UNSIGNED NOT NULL,
    valid_from DATE NOT NULL,
    valid_until DATE NOT NULL COMMENT 'the last day on which it works',
    PRIMARY KEY (code),
    CONSTRAINT chk_coupons_percent CHECK (percent_off BETWEEN 1 AND 100),
    CONSTRAINT chk_coupons_validity CHECK (valid_from <= valid_until)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE currencies (
    code CHAR(3) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'ISO 4217',
    name VARCHAR(60) NOT NULL,
    minor_units TINYINT UNSIGNED NOT NULL DEFAULT 2 COMMENT 'digits after the decimal point',
    PRIMARY KEY (code)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci COMMENT='Reference data';

CREATE TABLE notifications (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
    customer_id BIGINT UNSIGNED NOT NULL,
    channel ENUM('email', 'sms', 'push') NOT NULL DEFAULT 'email',
    template VARCHAR(60) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    payload JSON NOT NULL COMMENT 'what the template needs',
    send_after DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    sent_at DATETIME(3) NULL COMMENT 'NULL until sent',
    attempts TINYINT UNSIGNED NOT NULL DEFAULT 0,
    last_error TEXT NULL,
    PRIMARY KEY (id),
    KEY idx_notifications_due (sent_at, send_after),
    KEY idx_notifications_customer (customer_id),
    CONSTRAINT fk_notifications_customer FOREIGN KEY (customer_id) REFERENCES customers (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE order_statuses (
    code VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    name VARCHAR(60) NOT NULL,
    position TINYINT UNSIGNED NOT NULL COMMENT 'order on screens',
    is_final TINYINT(1) NOT NULL DEFAULT 0 COMMENT 'an order never leaves a final status',
    PRIMARY KEY (code),
    UNIQUE KEY uq_order_statuses_position (position)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci COMMENT='Reference data';

CREATE TABLE orders (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
    order_number VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    customer_id BIGINT UNSIGNED NOT NULL,
    status_code VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'pending',
    currency_code CHAR(3) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    shipping_address_id BIGINT UNSIGNED NULL,
    current_payment_id BIGINT UNSIGNED NULL,
    coupon_code VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NULL,
    discount DECIMAL(12,2) NOT NULL DEFAULT 0.00,
    placed_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    cancelled_at DATETIME(3) NULL,
    updated_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
    PRIMARY KEY (id),
    UNIQUE KEY uq_orders_number (order_number),
    KEY idx_orders_currency (currency_code),
    KEY idx_orders_shipping_address (shipping_address_id),
    KEY idx_orders_customer_placed (customer_id, placed_at DESC),
    KEY idx_orders_status_placed (status_code, placed_at),
    KEY idx_orders_current_payment (current_payment_id),
    KEY idx_orders_coupon (coupon_code),
    CONSTRAINT fk_orders_coupon FOREIGN KEY (coupon_code) REFERENCES coupons (code),
    CONSTRAINT fk_orders_currency FOREIGN KEY (currency_code) REFERENCES currencies (code),
    CONSTRAINT fk_orders_customer FOREIGN KEY (customer_id) REFERENCES customers (id),
    CONSTRAINT fk_orders_shipping_address FOREIGN KEY (shipping_address_id) REFERENCES addresses (id),
    CONSTRAINT fk_orders_status FOREIGN KEY (status_code) REFERENCES order_statuses (code),
    CONSTRAINT chk_orders_discount CHECK (discount >= 0)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE payments (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
    order_id BIGINT UNSIGNED NOT NULL,
    provider VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    provider_reference VARCHAR(80) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    status ENUM('authorised', 'captured', 'failed', 'voided') NOT NULL DEFAULT 'authorised',
    amount DECIMAL(12,2) NOT NULL,
    currency_code CHAR(3) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    captured_at DATETIME(3) NULL,
    PRIMARY KEY (id),
    UNIQUE KEY uq_payments_provider_reference (provider, provider_reference),
    KEY idx_payments_order (order_id),
    KEY idx_payments_currency (currency_code),
    CONSTRAINT fk_payments_currency FOREIGN KEY (currency_code) REFERENCES currencies (code),
    CONSTRAINT fk_payments_order FOREIGN KEY (order_id) REFERENCES orders (id),
    CONSTRAINT chk_payments_amount CHECK (amount > 0),
    CONSTRAINT chk_payments_captured CHECK (status <> 'captured' OR captured_at IS NOT NULL)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE order_status_history (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
    order_id BIGINT UNSIGNED NOT NULL,
    from_status VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'NULL for the first entry',
    to_status VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    changed_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    PRIMARY KEY (id),
    KEY idx_order_status_history_order (order_id, changed_at),
    KEY idx_order_status_history_from (from_status),
    KEY idx_order_status_history_to (to_status),
    CONSTRAINT fk_order_status_history_from FOREIGN KEY (from_status) REFERENCES order_statuses (code),
    CONSTRAINT fk_order_status_history_order FOREIGN KEY (order_id) REFERENCES orders (id) ON DELETE CASCADE,
    CONSTRAINT fk_order_status_history_to FOREIGN KEY (to_status) REFERENCES order_statuses (code)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE products (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
    sku VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    category_id INT UNSIGNED NOT NULL,
    name VARCHAR(200) NOT NULL,
    slug VARCHAR(120) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    description TEXT NULL,
    attributes JSON NULL,
    brand VARCHAR(80) GENERATED ALWAYS AS (JSON_UNQUOTE(JSON_EXTRACT(attributes, '$.brand'))) VIRTUAL,
    price DECIMAL(12,2) NOT NULL,
    currency_code CHAR(3) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    is_active TINYINT(1) NOT NULL DEFAULT 1,
    created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    updated_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
    PRIMARY KEY (id),
    UNIQUE KEY uq_products_sku (sku),
    UNIQUE KEY uq_products_slug (slug),
    KEY idx_products_currency (currency_code),
    KEY idx_products_category_active_price (category_id, is_active, price),
    KEY idx_products_brand (brand),
    FULLTEXT KEY ft_products_search (name, description),
    CONSTRAINT fk_products_category FOREIGN KEY (category_id) REFERENCES categories (id),
    CONSTRAINT fk_products_currency FOREIGN KEY (currency_code) REFERENCES currencies (code),
    CONSTRAINT chk_products_price CHECK (price >= 0)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE cart_items (
    cart_id BIGINT UNSIGNED NOT NULL,
    product_id BIGINT UNSIGNED NOT NULL,
    quantity SMALLINT UNSIGNED NOT NULL DEFAULT 1,
    PRIMARY KEY (cart_id, product_id),
    KEY idx_cart_items_product (product_id),
    CONSTRAINT fk_cart_items_cart FOREIGN KEY (cart_id) REFERENCES carts (id) ON DELETE CASCADE,
    CONSTRAINT fk_cart_items_product FOREIGN KEY (product_id) REFERENCES products (id),
    CONSTRAINT chk_cart_items_quantity CHECK (quantity BETWEEN 1 AND 99)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE order_items (
    order_id BIGINT UNSIGNED NOT NULL,
    line_number SMALLINT UNSIGNED NOT NULL,
    product_id BIGINT UNSIGNED NOT NULL,
    quantity INT UNSIGNED NOT NULL,
    unit_price DECIMAL(12,2) NOT NULL COMMENT 'as charged; the product may cost something else by now',
    line_total DECIMAL(14,2) GENERATED ALWAYS AS (quantity * unit_price) VIRTUAL,
    PRIMARY KEY (order_id, line_number),
    KEY idx_order_items_product (product_id),
    CONSTRAINT fk_order_items_order FOREIGN KEY (order_id) REFERENCES orders (id) ON DELETE CASCADE,
    CONSTRAINT fk_order_items_product FOREIGN KEY (product_id) REFERENCES products (id),
    CONSTRAINT chk_order_items_quantity CHECK (quantity > 0),
    CONSTRAINT chk_order_items_unit_price CHECK (unit_price >= 0)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE product_reviews (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
    product_id BIGINT UNSIGNED NOT NULL,
    customer_id BIGINT UNSIGNED NOT NULL,
    rating TINYINT UNSIGNED NOT NULL,
    title VARCHAR(120) NOT NULL,
    body TEXT NULL,
    created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    PRIMARY KEY (id),
    UNIQUE KEY uq_product_reviews_product_customer (product_id, customer_id),
    KEY idx_product_reviews_customer (customer_id),
    CONSTRAINT fk_product_reviews_customer FOREIGN KEY (customer_id) REFERENCES customers (id),
    CONSTRAINT fk_product_reviews_product FOREIGN KEY (product_id) REFERENCES products (id),
    CONSTRAINT chk_product_reviews_rating CHECK (rating BETWEEN 1 AND 5)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE refunds (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
    payment_id BIGINT UNSIGNED NOT NULL,
    amount DECIMAL(12,2) NOT NULL,
    reason VARCHAR(200) NOT NULL,
    created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    PRIMARY KEY (id),
    KEY idx_refunds_payment (payment_id),
    CONSTRAINT fk_refunds_payment FOREIGN KEY (payment_id) REFERENCES payments (id),
    CONSTRAINT chk_refunds_amount CHECK (amount > 0)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE sessions (
    token_hash BINARY(32) NOT NULL COMMENT 'SHA-256 of the token; the token itself is never stored',
    customer_id BIGINT UNSIGNED NOT NULL,
    user_agent VARCHAR(255) NULL,
    ip_address VARBINARY(16) NULL COMMENT 'INET6_ATON: 4 bytes for IPv4, 16 for IPv6',
    created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    expires_at DATETIME(3) NOT NULL,
    PRIMARY KEY (token_hash),
    KEY idx_sessions_customer (customer_id),
    KEY idx_sessions_expires (expires_at),
    CONSTRAINT fk_sessions_customer FOREIGN KEY (customer_id) REFERENCES customers (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

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

-- foreign keys between tables that need each other

ALTER TABLE addresses
    ADD CONSTRAINT fk_addresses_customer FOREIGN KEY (customer_id) REFERENCES customers (id);

ALTER TABLE orders
    ADD CONSTRAINT fk_orders_current_payment
        FOREIGN KEY (current_payment_id) REFERENCES payments (id) ON DELETE SET NULL;

-- functions

DELIMITER $$
CREATE FUNCTION order_total(p_order_id BIGINT UNSIGNED) RETURNS DECIMAL(14,2)
    READS SQL DATA
    SQL SECURITY INVOKER
    COMMENT 'What the customer pays for an order; 0 for one without lines'
BEGIN
    DECLARE v_lines DECIMAL(14,2);
    DECLARE v_discount DECIMAL(12,2) DEFAULT 0;

    SELECT COALESCE(SUM(line_total), 0) INTO v_lines
    FROM order_items
    WHERE order_id = p_order_id;

    SELECT COALESCE(MAX(discount), 0) INTO v_discount
    FROM orders
    WHERE id = p_order_id;

    RETURN GREATEST(v_lines - v_discount, 0);
END$$
DELIMITER ;

-- views

CREATE SQL SECURITY INVOKER VIEW best_sellers AS
SELECT
    p.id AS product_id,
    p.sku AS sku,
    p.name AS name,
    SUM(i.quantity) AS units_sold
FROM orders o
JOIN order_items i ON i.order_id = o.id
JOIN products p ON p.id = i.product_id
WHERE o.placed_at >= CURRENT_DATE - INTERVAL 30 DAY
  AND o.status_code NOT IN ('cancelled', 'refunded')
GROUP BY p.id, p.sku, p.name;

CREATE SQL SECURITY INVOKER VIEW order_totals AS
SELECT
    o.id AS order_id,
    o.order_number AS order_number,
    o.customer_id AS customer_id,
    o.status_code AS status_code,
    o.currency_code AS currency_code,
    o.placed_at AS placed_at,
    order_total(o.id) AS total
FROM orders o;

CREATE SQL SECURITY INVOKER VIEW customer_order_summary AS
SELECT
    c.id AS customer_id,
    c.full_name AS customer_name,
    t.currency_code AS currency_code,
    COUNT(*) AS order_count,
    SUM(t.total) AS lifetime_value,
    MAX(t.placed_at) AS last_order_at
FROM customers c
JOIN order_totals t ON t.customer_id = c.id
WHERE t.status_code <> 'cancelled'
GROUP BY c.id, c.full_name, t.currency_code;

CREATE SQL SECURITY INVOKER VIEW daily_sales AS
SELECT
    DATE(t.placed_at) AS sales_date,
    t.currency_code AS currency_code,
    COUNT(*) AS order_count,
    SUM(t.total) AS revenue,
    AVG(t.total) AS average_order_value
FROM order_totals t
WHERE t.status_code NOT IN ('pending', 'cancelled', 'refunded')
GROUP BY DATE(t.placed_at), t.currency_code;

CREATE SQL SECURITY INVOKER VIEW product_availability AS
SELECT
    p.id AS product_id,
    p.sku AS sku,
    COALESCE(SUM(l.available), 0) AS available
FROM products p
LEFT JOIN stock_levels l ON l.product_id = p.id
GROUP BY p.id, p.sku;

CREATE SQL SECURITY INVOKER VIEW product_ratings AS
SELECT
    r.product_id AS product_id,
    COUNT(*) AS review_count,
    ROUND(AVG(r.rating), 1) AS average_rating
FROM product_reviews r
GROUP BY r.product_id;

CREATE SQL SECURITY INVOKER VIEW catalog_products AS
SELECT
    p.id AS product_id,
    p.sku AS sku,
    p.slug AS slug,
    p.name AS name,
    p.brand AS brand,
    p.price AS price,
    p.currency_code AS currency_code,
    a.available AS available,
    COALESCE(g.review_count, 0) AS review_count,
    g.average_rating AS average_rating
FROM products p
JOIN product_availability a ON a.product_id = p.id
LEFT JOIN product_ratings g ON g.product_id = p.id
WHERE p.is_active = 1;

-- procedures

DELIMITER $$
CREATE PROCEDURE cancel_order(IN p_order_id BIGINT UNSIGNED)
    MODIFIES SQL DATA
    SQL SECURITY INVOKER
    COMMENT 'Cancels an order that is not final and returns what was taken from stock for it'
BEGIN
    DECLARE v_is_final TINYINT DEFAULT NULL;

    SELECT s.is_final INTO v_is_final
    FROM orders o
    JOIN order_statuses s ON s.code = o.status_code
    WHERE o.id = p_order_id
    FOR UPDATE;

    IF v_is_final IS NULL THEN
        SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'cancel_order: no such order';
    ELSEIF v_is_final THEN
        SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'cancel_order: the order has reached a final status';
    END IF;

    INSERT INTO stock_movements (warehouse_id, product_id, quantity, reason, order_id)
    SELECT warehouse_id, product_id, -SUM(quantity), 'return', p_order_id
    FROM stock_movements
    WHERE order_id = p_order_id
    GROUP BY warehouse_id, product_id
    HAVING SUM(quantity) < 0;

    UPDATE orders
    SET status_code = 'cancelled', cancelled_at = CURRENT_TIMESTAMP(3)
    WHERE id = p_order_id;
END$$
DELIMITER ;

DELIMITER $$
CREATE PROCEDURE purge_expired_sessions(IN p_batch_size INT UNSIGNED)
    MODIFIES SQL DATA
    SQL SECURITY INVOKER
    COMMENT 'Deletes expired sessions, p_batch_size rows at a time, so that no lock is held for long'
BEGIN
    DECLARE v_deleted INT UNSIGNED DEFAULT 0;

    REPEAT
        DELETE FROM sessions
        WHERE expires_at < UTC_TIMESTAMP(3)
        ORDER BY expires_at
        LIMIT p_batch_size;

        SET v_deleted = ROW_COUNT();
    UNTIL v_deleted < p_batch_size END REPEAT;
END$$
DELIMITER ;

DELIMITER $$
CREATE PROCEDURE release_stock(
    IN p_warehouse_id SMALLINT UNSIGNED,
    IN p_product_id BIGINT UNSIGNED,
    IN p_quantity INT UNSIGNED
)
    MODIFIES SQL DATA
    SQL SECURITY INVOKER
    COMMENT 'Takes back a promise made by reserve_stock'
BEGIN
    UPDATE stock_levels
    SET reserved = reserved - p_quantity
    WHERE warehouse_id = p_warehouse_id
      AND product_id = p_product_id;
END$$
DELIMITER ;

DELIMITER $$
CREATE PROCEDURE reserve_stock(
    IN p_warehouse_id SMALLINT UNSIGNED,
    IN p_product_id BIGINT UNSIGNED,
    IN p_quantity INT UNSIGNED,
    OUT p_reserved TINYINT
)
    MODIFIES SQL DATA
    SQL SECURITY INVOKER
    COMMENT 'Promises stock to an order; p_reserved is 0 when there is not enough'
BEGIN
    UPDATE stock_levels
    SET reserved = reserved + p_quantity
    WHERE warehouse_id = p_warehouse_id
      AND product_id = p_product_id
      AND on_hand - reserved >= p_quantity;

    SET p_reserved = ROW_COUNT();
END$$
DELIMITER ;

DELIMITER $$
CREATE PROCEDURE transfer_stock(
    IN p_from_warehouse_id SMALLINT UNSIGNED,
    IN p_to_warehouse_id SMALLINT UNSIGNED,
    IN p_product_id BIGINT UNSIGNED,
    IN p_quantity INT UNSIGNED
)
    MODIFIES SQL DATA
    SQL SECURITY INVOKER
    COMMENT 'Moves stock between two warehouses; the caller owns the transaction'
BEGIN
    IF p_from_warehouse_id = p_to_warehouse_id THEN
        SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'transfer_stock: the warehouses are the same';
    END IF;

    INSERT INTO stock_movements (warehouse_id, product_id, quantity, reason) VALUES
        (p_from_warehouse_id, p_product_id, 0 - CAST(p_quantity AS SIGNED), 'transfer'),
        (p_to_warehouse_id, p_product_id, p_quantity, 'transfer');
END$$
DELIMITER ;

-- triggers

DELIMITER $$
CREATE TRIGGER orders_record_first_status
AFTER INSERT ON orders
FOR EACH ROW
BEGIN
    INSERT INTO order_status_history (order_id, from_status, to_status)
    VALUES (NEW.id, NULL, NEW.status_code);
END$$
DELIMITER ;

DELIMITER $$
CREATE TRIGGER orders_record_status_change
AFTER UPDATE ON orders
FOR EACH ROW
BEGIN
    IF NEW.status_code <> OLD.status_code THEN
        INSERT INTO order_status_history (order_id, from_status, to_status)
        VALUES (NEW.id, OLD.status_code, NEW.status_code);
    END IF;
END$$
DELIMITER ;

DELIMITER $$
CREATE TRIGGER stock_movements_refuse_update
BEFORE UPDATE ON stock_movements
FOR EACH ROW
BEGIN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'stock_movements is append-only: insert an adjustment';
END$$
DELIMITER ;

DELIMITER $$
CREATE TRIGGER stock_movements_refuse_delete
BEFORE DELETE ON stock_movements
FOR EACH ROW
BEGIN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'stock_movements is append-only: insert an adjustment';
END$$
DELIMITER ;

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
DELIMITER ;

-- events

DELIMITER $$
CREATE EVENT purge_abandoned_carts
    ON SCHEDULE EVERY 1 DAY STARTS '2024-01-01 03:30:00'
    ON COMPLETION PRESERVE
    ENABLE
    COMMENT 'A cart lives 30 days, 90 when its owner is known'
DO
BEGIN
    DELETE FROM carts
    WHERE customer_id IS NULL AND updated_at < UTC_TIMESTAMP(3) - INTERVAL 30 DAY;

    DELETE FROM carts
    WHERE customer_id IS NOT NULL AND updated_at < UTC_TIMESTAMP(3) - INTERVAL 90 DAY;
END$$
DELIMITER ;

CREATE EVENT purge_sessions
    ON SCHEDULE EVERY 1 HOUR STARTS '2024-01-01 00:10:00'
    ON COMPLETION PRESERVE
    ENABLE
    COMMENT 'Expired sessions'
DO CALL purge_expired_sessions(1000);

SET character_set_client = @infra_character_set_client,
    character_set_results = @infra_character_set_results,
    collation_connection = @infra_collation_connection,
    sql_mode = @infra_sql_mode,
    time_zone = @infra_time_zone;
