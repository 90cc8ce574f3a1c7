use std::sync::Arc;

use super::*;
use crate::dialect::Dialect;
use crate::place::Source;
use crate::replay::replay_onto;

fn diagram(sql: &str) -> Diagram {
    let mut schema = Catalogue::new(Dialect::default());
    schema.defer_foreign_key_checks();
    let _ = replay_onto(&mut schema, [Arc::new(Source::new("schema.sql", sql.into()))]);
    Diagram::of(&schema)
}

const CUSTOMER: &str =
    "CREATE TABLE customer (id INT UNSIGNED NOT NULL PRIMARY KEY, email VARCHAR(80) NOT NULL UNIQUE);";
const ORDERS: &str = "CREATE TABLE orders (id INT NOT NULL PRIMARY KEY, customer_id INT UNSIGNED NOT NULL, \
    total DECIMAL(8,2), CONSTRAINT of_customer FOREIGN KEY (customer_id) REFERENCES customer (id));";

#[test]
fn marks_and_cardinalities_follow_keys_and_nulls() {
    let drawn = diagram(&format!(
        "{CUSTOMER}{ORDERS}CREATE TABLE detail (customer_id INT UNSIGNED NOT NULL PRIMARY KEY, FOREIGN KEY (customer_id) REFERENCES customer (id));
        CREATE TABLE note (customer_id INT UNSIGNED, FOREIGN KEY (customer_id) REFERENCES customer (id));"
    ));
    assert_eq!(
        drawn.mermaid(),
        "erDiagram
    customer {
        int_unsigned id PK
        varchar(80) email UK
    }
    detail {
        int_unsigned customer_id PK, FK
    }
    note {
        int_unsigned customer_id FK
    }
    orders {
        int id PK
        int_unsigned customer_id FK
        decimal(8_2) total
    }
    customer ||--o| detail : \"customer_id\"
    customer |o--o{ note : \"customer_id\"
    customer ||--o{ orders : \"customer_id\"
"
    );
}

#[test]
fn the_order_of_definitions_does_not_matter() {
    let (one, other) = (diagram(&format!("{CUSTOMER}{ORDERS}")), diagram(&format!("{ORDERS}{CUSTOMER}")));
    assert_eq!(one, other);
    assert_eq!((one.mermaid(), one.dot(), one.svg()), (other.mermaid(), other.dot(), other.svg()));
}

#[test]
fn keys_over_several_columns_count_as_a_whole() {
    let drawn = diagram(
        "CREATE TABLE a (x INT NOT NULL, y INT NOT NULL, PRIMARY KEY (x, y));
        CREATE TABLE b (x INT NOT NULL, y INT NOT NULL, z INT NOT NULL, PRIMARY KEY (x, z), UNIQUE KEY (y),
            CONSTRAINT whole FOREIGN KEY (x, y) REFERENCES a (x, y));
        CREATE TABLE c (x INT NOT NULL, y INT, UNIQUE KEY (x, y), CONSTRAINT part FOREIGN KEY (x, y) REFERENCES a (x, y));
        CREATE TABLE d (x INT NOT NULL, y INT NOT NULL, z INT, UNIQUE KEY (x, y, z), CONSTRAINT more FOREIGN KEY (x, y) REFERENCES a (x, y));",
    );
    let told: Vec<_> =
        drawn.references.iter().map(|one| (one.name.as_str(), one.many, one.optional)).collect();
    assert_eq!(told, [("whole", false, false), ("part", false, true), ("more", true, false)]);
    let marks: Vec<_> = drawn.tables[1].columns.iter().map(|column| column.marks.clone()).collect();
    assert_eq!(
        marks,
        [vec![Mark::Primary, Mark::Foreign], vec![Mark::Foreign, Mark::Unique], vec![Mark::Primary]]
    );
}

#[test]
fn circles_and_self_references_are_drawn() {
    let drawn = diagram(
        "CREATE TABLE a (id INT NOT NULL PRIMARY KEY, b INT, up INT, FOREIGN KEY (up) REFERENCES a (id), FOREIGN KEY (b) REFERENCES b (id));
        CREATE TABLE b (id INT NOT NULL PRIMARY KEY, a INT, FOREIGN KEY (a) REFERENCES a (id));",
    );
    assert_eq!(drawn.references.len(), 3);
    assert!(drawn.mermaid().contains("a |o--o{ a : \"up\""), "{}", drawn.mermaid());
    assert!(drawn.dot().contains("t0:c2 -> t0:c0 "), "{}", drawn.dot());
    assert_eq!(drawn.svg().matches("<title>").count(), 3);
}

#[test]
fn tables_that_are_not_here_are_named_only() {
    let drawn = diagram(
        "USE shop; CREATE TABLE a (i INT, FOREIGN KEY (i) REFERENCES other.b (id), FOREIGN KEY (i) REFERENCES gone (id));",
    );
    let names: Vec<_> = drawn.tables.iter().map(|table| (table.name.as_str(), table.columns.len())).collect();
    assert_eq!(names, [("a", 1), ("gone", 0), ("other.b", 0)]);
    assert!(drawn.mermaid().contains("table_2[\"other.b\"]\n"), "{}", drawn.mermaid());
}

#[test]
fn odd_names_break_no_format() {
    let drawn = diagram(
        "CREATE TABLE `a\"<b>&|{c}%` (`x \"y\" <z>` INT PRIMARY KEY, `1st` INT, PK INT);
        CREATE TABLE `title` (e ENUM('a','b'), FOREIGN KEY (e) REFERENCES `a\"<b>&|{c}%` (`1st`));",
    );
    assert_eq!(
        drawn.mermaid(),
        "erDiagram
    table_0[\"a'<b>&|{c}_\"] {
        int x__y___z_ PK \"x 'y' <z>\"
        int c_1st \"1st\"
        int c_PK \"PK\"
    }
    table_1[\"title\"] {
        enum e FK
    }
    table_0 |o--o{ table_1 : \"e\"
"
    );
    let dot = drawn.dot();
    assert!(dot.contains(r#"label="a\"\<b\>&\|\{c\}%|<c0> PK x\ \"y\"\ \<z\> : int\l|"#), "{dot}");
    let svg = drawn.svg();
    assert!(svg.contains(">a&quot;&lt;b&gt;&amp;|{c}%</text>") && !svg.contains("<z>"), "{svg}");
}

#[test]
fn parents_stand_left_of_children_and_no_box_covers_another() {
    let mut sql = String::from("CREATE TABLE p (id INT NOT NULL PRIMARY KEY);");
    for number in 0..40 {
        sql += &format!(
            "CREATE TABLE c{number} (id INT NOT NULL PRIMARY KEY, p INT, a INT, b INT, FOREIGN KEY (p) REFERENCES p (id));"
        );
    }
    let svg = diagram(&sql).svg();
    let number = |text: &str| text.parse::<usize>().unwrap();
    let boxes: Vec<[usize; 4]> = svg
        .split("<g><rect ")
        .skip(1)
        .map(|one| {
            ["x", "y", "width", "height"].map(|name| {
                number(one.split(&format!("{name}=\"")).nth(1).unwrap().split('"').next().unwrap())
            })
        })
        .collect();
    assert_eq!(boxes.len(), 41);
    for (at, [x, y, width, height]) in boxes.iter().enumerate() {
        for [other_x, other_y, other_width, other_height] in &boxes[at + 1..] {
            let apart = x + width <= *other_x
                || other_x + other_width <= *x
                || y + height <= *other_y
                || other_y + other_height <= *y;
            assert!(apart, "{boxes:?}");
        }
        // The parent comes last by name.
        assert!(at == 40 || boxes[40][0] < *x, "{boxes:?}");
    }
}

#[test]
fn sequences_are_drawn_with_what_counts_by_them() {
    let mut schema = Catalogue::new("mariadb-11.4".parse().unwrap());
    let sql = "USE shop; CREATE SEQUENCE s; CREATE SEQUENCE lonely;
        CREATE TABLE a (id INT NOT NULL PRIMARY KEY DEFAULT NEXTVAL(s), b INT DEFAULT (NEXTVAL(shop.s) + NEXTVAL(s)), c INT DEFAULT NEXTVAL(other.s));";
    let _ = replay_onto(&mut schema, [Arc::new(Source::new("schema.sql", sql.into()))]);
    let drawn = Diagram::of(&schema);
    assert_eq!(
        drawn.mermaid(),
        "erDiagram
    a {
        int id PK
        int b
        int c
    }
    lonely[\"lonely (sequence)\"]
    table_2[\"other.s (sequence)\"]
    s[\"s (sequence)\"]
    s ||..o{ a : \"id\"
    s ||..o{ a : \"b\"
    table_2 ||..o{ a : \"c\"
"
    );
    assert!(drawn.dot().contains("style=dashed"), "{}", drawn.dot());
    let svg = drawn.svg();
    assert!(svg.contains("<title>a (id) counts by s</title>") && svg.contains("stroke-dasharray"), "{svg}");
}

#[test]
fn what_is_not_certain_is_called_so() {
    let odd = format!("{CUSTOMER}CREATE TABLE odd AS SELECT f(id) AS a FROM customer;");
    let drawn = diagram(&odd);
    let uncertain: Vec<&str> =
        drawn.tables.iter().filter(|table| table.uncertain).map(|table| table.name.as_str()).collect();
    assert_eq!(uncertain, ["odd"]);
    assert!(drawn.mermaid().contains("[\"odd (not certain)\"]"), "{}", drawn.mermaid());
    assert!(drawn.dot().contains("odd\\ (not\\ certain)"), "{}", drawn.dot());
    assert!(drawn.svg().contains(">odd (not certain)</text>"), "{}", drawn.svg());
}
