//! Every statement has an effect, which a comment before it does not change.
#![no_main]

use libfuzzer_sys::fuzz_target;
use migrate_core::script::effect::{Effect, may_commit, user_variables};

fuzz_target!(|sql: &str| {
    let effect = Effect::of(sql);
    let _ = may_commit(sql);
    for variable in user_variables(sql) {
        assert!(variable.starts_with('@') && sql.contains(&variable));
    }
    if !sql.starts_with('\u{feff}') {
        assert_eq!(Effect::of(&format!("/* c */ -- d\n{sql}")), effect);
    }
});
