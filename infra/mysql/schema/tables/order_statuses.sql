CREATE TABLE order_statuses (
    code VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    name VARCHAR(60) NOT NULL,
    position TINYINT UNSIGNED NOT NULL COMMENT 'order on screens',
    is_final TINYINT(1) NOT NULL DEFAULT 0 COMMENT 'an order never leaves a final status',
    PRIMARY KEY (code),
    UNIQUE KEY uq_order_statuses_position (position)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci COMMENT='Reference data';
