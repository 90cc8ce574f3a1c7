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
