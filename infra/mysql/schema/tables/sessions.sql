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
