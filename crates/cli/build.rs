//! Makes what is shipped smaller where the linker is known to be LLD, which is Rust's own for this target.

use std::path::{Path, PathBuf};

/// Leaves out the tables by which a stack is unwound. With `INSERT` the rest of the layout stays the linker's own.
const NO_UNWINDING: &str = "SECTIONS {
  /DISCARD/ : { *(.eh_frame) *(.eh_frame.*) *(.gcc_except_table) *(.gcc_except_table.*) }
} INSERT AFTER .text;
";

fn main() -> std::io::Result<()> {
    println!("cargo:rerun-if-changed=build.rs");
    let is = |name: &str, value: &str| std::env::var(name).is_ok_and(|is| is == value);
    // The profile `dist` alone is optimised for size; it aborts on a panic, so nothing is ever unwound.
    if is("OPT_LEVEL", "z") && is("TARGET", "x86_64-unknown-linux-gnu") {
        let script =
            std::env::var_os("OUT_DIR").map(PathBuf::from).unwrap_or_default().join("no-unwinding.ld");
        std::fs::write(&script, NO_UNWINDING)?;
        link(&["--icf=all", "--no-eh-frame-hdr"], &script);
    }
    Ok(())
}

fn link(arguments: &[&str], script: &Path) {
    for argument in arguments {
        println!("cargo:rustc-link-arg-bins=-Wl,{argument}");
    }
    println!("cargo:rustc-link-arg-bins=-Wl,-T,{}", script.display());
}
