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
