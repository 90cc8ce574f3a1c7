-- An export of phpMyAdmin, and changes to it.
SET SQL_MODE = "NO_AUTO_VALUE_ON_ZERO";
START TRANSACTION;
SET time_zone = "+00:00";
/*!40101 SET NAMES utf8mb4 */;
CREATE TABLE `orders` (
  `id` int(11) NOT NULL,
  `customer_id` int(11) NOT NULL,
  `total` decimal(10,2) NOT NULL DEFAULT 0.00,
  `placed` datetime NOT NULL DEFAULT current_timestamp(),
  `changed` timestamp NULL DEFAULT NULL ON UPDATE current_timestamp(),
  `note` text DEFAULT NULL,
  `js` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin DEFAULT NULL CHECK (json_valid(`js`))
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
CREATE TABLE `customers` (
  `id` int(11) NOT NULL,
  `email` varchar(190) COLLATE utf8mb4_general_ci NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
INSERT INTO `customers` (`id`, `email`) VALUES
(1, 'a@example.com'),
(2, 'b@example.com');
ALTER TABLE `customers`
  ADD PRIMARY KEY (`id`),
  ADD UNIQUE KEY `email` (`email`);
ALTER TABLE `orders`
  ADD PRIMARY KEY (`id`),
  ADD KEY `customer_id` (`customer_id`);
ALTER TABLE `customers`
  MODIFY `id` int(11) NOT NULL AUTO_INCREMENT, AUTO_INCREMENT=3;
ALTER TABLE `orders`
  MODIFY `id` int(11) NOT NULL AUTO_INCREMENT;
ALTER TABLE `orders`
  ADD CONSTRAINT `orders_ibfk_1` FOREIGN KEY (`customer_id`) REFERENCES `customers` (`id`) ON DELETE NO ACTION ON UPDATE CASCADE;
COMMIT;
ALTER TABLE orders ADD FOREIGN KEY (customer_id) REFERENCES customers(id);
ALTER TABLE orders DROP FOREIGN KEY orders_ibfk_1;
ALTER TABLE orders ADD FOREIGN KEY fk_named (customer_id) REFERENCES customers(id) ON DELETE SET DEFAULT;
ALTER TABLE orders ADD CONSTRAINT FOREIGN KEY idx_named (customer_id) REFERENCES customers(id);
ALTER TABLE orders ADD CONSTRAINT sn FOREIGN KEY (customer_id) REFERENCES customers(id) ON DELETE SET NULL;
ALTER TABLE orders DROP KEY customer_id;
ALTER TABLE customers DROP PRIMARY KEY;
ALTER TABLE customers DROP COLUMN id;
ALTER TABLE customers CHANGE id cid INT NOT NULL AUTO_INCREMENT;
ALTER TABLE customers MODIFY cid BIGINT NOT NULL AUTO_INCREMENT;
DROP TABLE customers;
