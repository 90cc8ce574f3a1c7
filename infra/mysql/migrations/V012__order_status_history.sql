-- Support asked when an order changed its status. Triggers write the history, so no service can forget it.

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

DELIMITER $$

CREATE TRIGGER orders_record_first_status
AFTER INSERT ON orders
FOR EACH ROW
BEGIN
    INSERT INTO order_status_history (order_id, from_status, to_status)
    VALUES (NEW.id, NULL, NEW.status_code);
END$$

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

-- Orders from before the triggers get one entry with what is known of them. The triggers come first: an order
-- placed in between already has its entry and is left alone. Idempotent for the same reason.
INSERT INTO order_status_history (order_id, from_status, to_status, changed_at)
SELECT o.id, NULL, o.status_code, o.updated_at
FROM orders o
LEFT JOIN order_status_history h ON h.order_id = o.id
WHERE h.id IS NULL;
