-- An order may be paid in several attempts, and one of them counts: orders.current_payment_id points at it,
-- payments.order_id points back. The second cycle of foreign keys, closed by ALTER like the one in V003.

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

-- infra:allow lint/add-foreign-key: the new column is NULL everywhere; checkout is closed for this release
ALTER TABLE orders
    ADD COLUMN current_payment_id BIGINT UNSIGNED NULL AFTER shipping_address_id,
    ADD KEY idx_orders_current_payment (current_payment_id),
    ADD CONSTRAINT fk_orders_current_payment
        FOREIGN KEY (current_payment_id) REFERENCES payments (id) ON DELETE SET NULL;
