use super::{Live, Shown};
use crate::ast::ObjectKind;
use crate::catalogue::Catalogue;
use crate::dialect::Dialect;

fn shown(kind: ObjectKind, name: &str, text: &str) -> Shown {
    let table = (kind == ObjectKind::Trigger).then(|| "t".to_owned());
    Shown { kind, name: name.to_owned(), table, definition: Ok(text.to_owned()), sql_mode: None }
}

fn live(objects: &[Shown]) -> Live {
    Live::of(Catalogue::named(Dialect::default(), "shop", "utf8mb4", "utf8mb4_bin"), objects)
}

#[test]
fn objects_have_their_places_in_what_the_server_shows() {
    let live = live(&[
        shown(
            ObjectKind::Table,
            "c",
            "CREATE TABLE `c` (\n  `a` int,\n CONSTRAINT `f` FOREIGN KEY (`a`) REFERENCES `t` (`a`))",
        ),
        shown(ObjectKind::Table, "t", "CREATE TABLE `t` (\n  `a` int,\n  KEY `a` (`a`)\n)"),
        shown(
            ObjectKind::Procedure,
            "p",
            "CREATE DEFINER=`a`@`b` PROCEDURE `p`()\nBEGIN\n  SELECT 1;\n  SELECT 2;\nEND",
        ),
    ]);
    assert!(live.not_read.is_empty(), "{:?}", live.not_read);
    let table = &live.catalogue.tables()["t"];
    assert_eq!((table.place.file(), table.columns[0].place.line()), ("SHOW CREATE TABLE `t`", 2));
    assert_eq!(table.collation, "utf8mb4_bin");
    assert!(live.catalogue.place_of(ObjectKind::Procedure, "p").is_some());
}

#[test]
fn triggers_come_in_the_order_of_the_list() {
    let text = |name: &str, order: &str| {
        format!("CREATE TRIGGER {name} BEFORE INSERT ON old FOR EACH ROW {order} SET @a = 1")
    };
    let live = live(&[
        shown(ObjectKind::Table, "t", "CREATE TABLE `t` (`a` int)"),
        shown(ObjectKind::Trigger, "g", &text("shop.g", "PRECEDES x")),
        shown(ObjectKind::Trigger, "f", &text("f", "PRECEDES g")),
    ]);
    let of = |name: &str| &live.catalogue.triggers()[name];
    assert_eq!((of("g").order, of("f").order, of("f").table.as_str()), (1, 2, "t"));
}

#[test]
fn what_is_not_shown_or_not_understood_is_said() {
    let mut hidden = shown(ObjectKind::Procedure, "p", "");
    hidden.definition = Err("no".to_owned());
    let live = live(&[hidden, shown(ObjectKind::Event, "e", "CREATE EVENT `e` ON WHIM DO SELECT 1")]);
    let said: Vec<String> = live.not_read.iter().map(ToString::to_string).collect();
    assert_eq!(said.len(), 2, "{said:?}");
    assert_eq!(said[0], "procedure `p` is not checked: no");
    assert!(live.catalogue.unknown(ObjectKind::Procedure, "P").is_some());
    assert!(live.catalogue.unknown(ObjectKind::Event, "e").is_some());
}
