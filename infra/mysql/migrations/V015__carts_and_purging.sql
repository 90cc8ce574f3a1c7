-- Carts move from cookies into the database, and the database forgets what has run out.
--
-- Events run only where event_scheduler is ON: the default of MySQL, not of MariaDB. Their times are in the
-- session's time zone at creation, which is why STARTS is written and sessions run in UTC.

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
