//! Functions by the names and forms that servers give them.

/// A call in one spelling; none when its form is not known well enough.
pub(super) fn present_name(name: &str, arguments: &[String], distinct: &str, tail: &str) -> Option<String> {
    let name = match name {
        "ucase" => "upper",
        "lcase" => "lower",
        "octet_length" => "length",
        "character_length" => "char_length",
        "ceil" => "ceiling",
        "current_timestamp" | "localtime" | "localtimestamp" => "now",
        "current_date" => "curdate",
        "current_time" => "curtime",
        "substring" | "mid" => "substr",
        "day" => "dayofmonth",
        "power" => "pow",
        "session_user" | "system_user" => "user",
        "schema" => "database",
        "std" | "stddev_pop" => "stddev",
        "var_pop" => "variance",
        other => other,
    };
    let call = |name: &str, arguments: &[String]| format!("{name}({distinct}{}{tail})", arguments.join(", "));
    Some(match (name, arguments) {
        ("date", [value]) => format!("cast({value} as date)"),
        ("time", [value]) => format!("cast({value} as time)"),
        ("isnull", [value]) => format!("({value} is null)"),
        ("mod", [left, right]) => format!("({left} % {right})"),
        ("date_add" | "adddate", [date, interval]) if interval.starts_with("interval ") => {
            format!("({date} + {interval})")
        }
        ("date_sub" | "subdate", [date, interval]) if interval.starts_with("interval ") => {
            format!("({date} - {interval})")
        }
        ("adddate", [date, days]) => format!("({date} + interval {days} day)"),
        ("subdate", [date, days]) => format!("({date} - interval {days} day)"),
        ("timestampadd", [unit, number, date]) => format!("({date} + interval {number} {unit})"),
        ("datediff", [left, right]) => format!("(to_days({left}) - to_days({right}))"),
        ("instr", [text, part]) => call("locate", &[part.clone(), text.clone()]),
        ("setval", [sequence, value]) => {
            call(name, &[sequence.clone(), value.clone(), "1".to_owned(), "0".to_owned()])
        }
        ("setval", [_, _, _]) => call(name, &[arguments, &["0".to_owned()]].concat()),
        ("week" | "yearweek" | "round", [value]) => call(name, &[value.clone(), "0".to_owned()]),
        ("lag" | "lead", [value]) => call(name, &[value.clone(), "1".to_owned()]),
        // The server writes types and precision that cannot be told from the call.
        ("timestamp" | "char" | "weight_string", _) => return None,
        _ => call(name, arguments),
    })
}
