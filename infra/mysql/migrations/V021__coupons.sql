-- Coupons. The discount is stored on the order as it was granted, so a coupon may change or end later.

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

-- infra:allow lint/add-foreign-key: the new column is NULL everywhere; checkout is closed for this release
ALTER TABLE orders
    ADD COLUMN coupon_code VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NULL AFTER current_payment_id,
    ADD COLUMN discount DECIMAL(12,2) NOT NULL DEFAULT 0.00 AFTER coupon_code,
    ADD KEY idx_orders_coupon (coupon_code),
    ADD CONSTRAINT fk_orders_coupon FOREIGN KEY (coupon_code) REFERENCES coupons (code),
    ADD CONSTRAINT chk_orders_discount CHECK (discount >= 0);

-- MySQL cannot replace a function in place. Between the two statements order_totals fails for an instant;
-- readers retry.
DROP FUNCTION order_total;

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
