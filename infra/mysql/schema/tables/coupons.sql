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
