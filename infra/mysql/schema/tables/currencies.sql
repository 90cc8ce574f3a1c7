CREATE TABLE currencies (
    code CHAR(3) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'ISO 4217',
    name VARCHAR(60) NOT NULL,
    minor_units TINYINT UNSIGNED NOT NULL DEFAULT 2 COMMENT 'digits after the decimal point',
    PRIMARY KEY (code)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci COMMENT='Reference data';
