-- A customer has a default address and an address has a customer: the foreign keys of the two tables form a
-- cycle. No order of CREATE TABLE can satisfy it, so the second key comes by ALTER. The baseline builder
-- breaks the cycle in the same way.

-- infra:allow lint/add-foreign-key: the new column is NULL everywhere, and few customers are there to copy
ALTER TABLE customers
    ADD COLUMN default_address_id BIGINT UNSIGNED NULL AFTER phone,
    ADD KEY idx_customers_default_address (default_address_id),
    ADD CONSTRAINT fk_customers_default_address
        FOREIGN KEY (default_address_id) REFERENCES addresses (id) ON DELETE SET NULL;
